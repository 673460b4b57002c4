(function () {
  "use strict";
  var list = document.getElementById("findings");
  var tools = document.getElementById("tools");
  var shown = document.getElementById("shown");
  if (!list || !tools) { return; }
  var all = Array.prototype.slice.call(list.children);
  var texts = all.map(function (one) { return one.textContent.toLowerCase(); });
  var word = document.getElementById("word");
  var order = document.getElementById("order");
  var fields = ["severity", "state", "provider", "author"];
  var boxes = fields.map(function (name) { return document.getElementById(name); });
  function filter() {
    var wanted = word.value.trim().toLowerCase();
    var count = 0;
    all.forEach(function (one, i) {
      var fits = (!wanted || texts[i].indexOf(wanted) >= 0) && fields.every(function (name, f) {
        var value = boxes[f].value;
        return !value || one.dataset[name].split("\n").indexOf(value) >= 0;
      });
      one.hidden = !fits;
      count += fits ? 1 : 0;
    });
    shown.textContent = count === all.length ? "" : count + " of " + all.length + " shown";
  }
  function sort() {
    var by = order.value;
    var key = function (one) { return one.dataset[by.replace("-", "")] || ""; };
    var places = all.map(function (one, i) { return { one: one, at: i, key: key(one) }; });
    if (by) {
      places.sort(function (a, b) {
        if (a.key !== b.key && (!a.key || !b.key)) { return a.key ? -1 : 1; }
        var less = a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
        return (by.charAt(0) === "-" ? -less : less) || a.at - b.at;
      });
    }
    var fragment = document.createDocumentFragment();
    places.forEach(function (place) { fragment.appendChild(place.one); });
    list.appendChild(fragment);
  }
  function open() {
    var target = location.hash && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") {
      target.hidden = false;
      target.open = true;
      target.scrollIntoView();
    }
  }
  tools.hidden = false;
  word.addEventListener("input", filter);
  boxes.forEach(function (box) { box.addEventListener("change", filter); });
  order.addEventListener("change", sort);
  window.addEventListener("hashchange", open);
  window.addEventListener("beforeprint", function () {
    all.forEach(function (one) { one.open = true; });
  });
  open();
})();
