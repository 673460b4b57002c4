#!/usr/bin/env python3
"""Holds what keytrawl finds with a configuration for gitleaks against what gitleaks finds.

    scripts/gitleaks-differential.py --gitleaks PATH [--keytrawl PATH] [--seed N] [--cases N]

Makes trees and configurations with a fixed seed, runs both programs on each, and compares the
findings as (file, rule, line, secret). What is missing or too much ends in 1, and the case is kept.

Left out, because gitleaks has defects there: flags that leak from one expression of an allowlist to
the next, `^` in expressions about lines, contents of more than 100 kB (it cuts them), secrets on
another line than the match begins on, paths (it matches them as they were typed), and allowlists for
all rules that want a path *and* something else (of a folder, it looks at the path alone).

What keytrawl finds beside, in encodings that gitleaks does not read, is counted and no fault.
"""

import argparse
import base64
import json
import os
import random
import shutil
import string
import subprocess
import sys
import tempfile

WORDS = "alpha beta gamma delta config server client value number name host user first last".split()
PLAIN, HEX, BASE36 = string.ascii_letters + string.digits, "0123456789abcdef", string.ascii_lowercase + string.digits


class Case:
    """One tree and one configuration."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.rules = []
        self.lists = []

    def text(self, alphabet, length):
        return "".join(self.random.choice(alphabet) for _ in range(length))

    def rule(self, number):
        """A rule, and a function that makes a text which it matches."""
        pick = self.random
        word = pick.choice(["widget", "gadget", "sprocket", "gizmo", "token", "key"])
        length = pick.randint(12, 40)
        prefix = f"{word[:3]}{number}_"
        body = lambda: self.text(BASE36, length)
        low = lambda: "".join(pick.choice("ab") for _ in range(length))
        kinds = [
            # begins with a literal
            (f"{prefix}[0-9a-z]{{{length}}}", lambda b: prefix + b),
            (f"{prefix}[0-9a-z]{{8,}}", lambda b: prefix + b),
            (f"({prefix})([0-9a-z]{{{length}}})\\b", lambda b: prefix + b),
            (f"{prefix}[a-z0-9]+(?:-[a-z0-9]+)*", lambda b: prefix + b[:8] + "-" + b[8:]),
            # does not
            (f"(?i){word}[\\w .-]{{0,10}}(?:=|:|=>)\\s*[\"']?([0-9a-z]{{{length}}})\\b", lambda b: f'{word.upper()}_X = "{b}"'),
            (f"\\b{prefix}([0-9a-z]{{{length}}})(?:[^0-9a-z]|$)", lambda b: prefix + b),
            (f"{word}=(?P<a>\"([^\"]+)\"|'([^']+)')", lambda b: f'{word}="{b}"'),
            (f"[a-z]+{number}://[^:\\s]{{1,20}}:([^@\\s\\[{{}}]{{4,50}})@", lambda b: f"proto{number}://user:{b}@host"),
            (f"(?s)<{word}{number}>.{{0,80}}?</{word}{number}>", lambda b: f"<{word}{number}>{b}</{word}{number}>"),
            (f"[[:alpha:]]{{3}}{number}{{[0-9a-z]{{{length}}}}}", lambda b: f"abc{number}{{{b}}}"),
            (f"\\x60{word}{number}\\s[\\w\\-/+]{{{length}}}\\x60", lambda b: f"`{word}{number} {b}`"),
        ]
        regex, make = pick.choice(kinds)
        rule = {"id": f"{pick.choice(['generic-', '', '', ''])}{word}-{number}", "regex": regex}
        if pick.random() < 0.5:
            rule["entropy"] = pick.choice([1.0, 2.5, 3.0, 3.3])
        if pick.random() < 0.5:
            rule["keywords"] = pick.choice([[word], [word.upper(), "nowhere"], [prefix], ["elsewhere"]])
        if pick.random() < 0.2 and "(" in regex.replace("(?", ""):
            rule["secretGroup"] = 1
        if pick.random() < 0.3:
            rule["path"] = pick.choice([r"\.py$", r"\.(?:env|txt)$", "src", ".*"])
        if pick.random() < 0.4:
            rule["allowlists"] = [self.allowlist() for _ in range(pick.randint(1, 2))]
        if pick.random() < 0.15:
            rule["skipReport"] = True
        if self.rules and pick.random() < 0.25:
            need = {"id": pick.choice(self.rules)[0]["id"]}
            if pick.random() < 0.6:
                need["withinLines"] = pick.randint(0, 4)
            rule["required"] = [need]
        return rule, lambda: make(low() if pick.random() < 0.15 else body())

    def allowlist(self, targets=None):
        pick = self.random
        made = {}
        checks = {
            "stopwords": [self.text(BASE36, 1) + self.text(string.digits, 1), "example"],
            "regexes": [pick.choice([r"[0-9]{3}", r"(?:ab)+$", r"beta", r"[xyz]{2}", r"gamma|delta"])],
            "paths": [pick.choice([r"\.md$", r"src/a", r"b\.py$", r"docs"])],
        }
        for key in pick.sample(sorted(checks), pick.randint(1, 2)):
            made[key] = checks[key]
        if "regexes" in made and pick.random() < 0.5:
            made["regexTarget"] = pick.choice(["match", "line", "secret"])
        if pick.random() < 0.5:
            made["condition"] = pick.choice(["AND", "and", "OR", "&&", "||"])
        if targets:
            made["targetRules"] = targets
        return made

    def encoded(self, text):
        pick = self.random
        roll = pick.random()
        # A rule that is required may be encoded otherwise for keytrawl, and not for gitleaks.
        if roll < 0.7 or any("required" in rule for rule, _ in self.rules):
            return text
        if roll < 0.8:
            return base64.b64encode(f"x {text} y".encode()).decode()
        if roll < 0.85:
            return base64.b64encode(base64.b64encode(f"x {text} y".encode())).decode()
        if roll < 0.92:
            return f"x {text} y".encode().hex()
        return "".join(f"%{ord(c):02x}" if not c.isalnum() else c for c in f" {text} ")

    def line(self):
        pick = self.random
        if self.rules and pick.random() < 0.35:
            text = self.encoded(pick.choice(self.rules)[1]())
            tail = "  # gitleaks:allow" if pick.random() < 0.05 else ""
            return f"{pick.choice(WORDS)} {text} {pick.choice(WORDS)}{tail}"
        words = [pick.choice(WORDS) for _ in range(pick.randint(0, 8))]
        if pick.random() < 0.1:
            words.append(pick.choice(["é", "ключ", self.text(PLAIN, 20), self.text(HEX, 40), "%7B", "U+0041"]))
        return " ".join(words)

    def build(self, folder):
        pick = self.random
        self.rules = []
        for number in range(pick.randint(1, 6)):
            self.rules.append(self.rule(number))
        if pick.random() < 0.2:
            self.rules.append(({"id": "path-only", "path": r"\.(?:pem|p12)$"}, lambda: "x"))
        ids = [rule["id"] for rule, _ in self.rules]
        lists = []
        if pick.random() < 0.4:
            one = self.allowlist()
            if "paths" in one:
                one.pop("condition", None)
            lists.append(one)
        if pick.random() < 0.3:
            lists.append(self.allowlist([pick.choice(ids)]))
        rules = [rule for rule, _ in self.rules]
        own = rules
        config = ""
        if pick.random() < 0.3 and len(rules) > 1:
            cut = pick.randint(1, len(rules) - 1)
            base, own = rules[:cut], rules[cut:]
            named = {need["id"] for rule in own for need in rule.get("required", [])}
            if named & {rule["id"] for rule in base}:
                own, base = rules, []
            if base:
                change = {"id": base[0]["id"], "entropy": 2.0, "keywords": ["beta"], "allowlists": [self.allowlist()]}
                own = own + [change]
                disabled = [base[-1]["id"]] if len(base) > 1 and pick.random() < 0.5 else []
                needed = {need["id"] for rule in base for need in rule.get("required", [])}
                targets = {target for one in lists for target in one.get("targetRules", [])}
                disabled = [one for one in disabled if one not in needed | targets]
                write(os.path.join(folder, "base.toml"), toml(base, []))
                config = f'[extend]\npath = "base.toml"\ndisabledRules = {json.dumps(disabled)}\n'
        write(os.path.join(folder, "gl.toml"), 'title = "made"\n' + config + toml(own, lists))
        for name in ["src/a.py", "src/b.py", "docs/c.md", "d.env", "e.txt", "keys/f.pem", "bin/latin"]:
            if pick.random() < 0.75:
                text = "\n".join(self.line() for _ in range(pick.randint(1, 40))) + "\n"
                coded = text.encode("latin-1", "replace") if name == "bin/latin" else text.encode()
                write(os.path.join(folder, "tree", name), coded)


def toml(rules, lists):
    out = []
    value = lambda v: f"'''{v}'''" if isinstance(v, str) else json.dumps(v) if not isinstance(v, list) else "[" + ", ".join(value(x) for x in v) + "]"
    for rule in rules:
        out.append("[[rules]]")
        out += [f"{key} = {value(v)}" for key, v in rule.items() if key not in ("allowlists", "required")]
        for table in ("allowlists", "required"):
            for one in rule.get(table, []):
                out.append(f"[[rules.{table}]]")
                out += [f"{key} = {value(v)}" for key, v in one.items()]
    for one in lists:
        out.append("[[allowlists]]")
        out += [f"{key} = {value(v)}" for key, v in one.items()]
    return "\n".join(out) + "\n"


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def theirs(gitleaks, folder):
    """What gitleaks finds, or none if it refuses the configuration."""
    report = os.path.join(folder, "theirs.json")
    run = subprocess.run(
        [gitleaks, "dir", ".", "--config", os.path.join(folder, "gl.toml"), "--no-banner", "-r", report, "-f", "json", "--exit-code", "0"],
        cwd=os.path.join(folder, "tree"), capture_output=True, text=True)
    if run.returncode != 0:
        return None, run.stderr
    with open(report) as file:
        found = json.load(file)
    return {(f["File"], f["RuleID"], f["StartLine"] or 1, f["Secret"]) for f in found}, ""


def ours(keytrawl, folder):
    run = subprocess.run(
        [keytrawl, "scan", ".", "--config", os.path.join(folder, "gl.toml"), "--format", "json", "--show-secrets", "--no-ignore", "--quiet", "--no-archives"],
        cwd=os.path.join(folder, "tree"), capture_output=True, text=True, errors="surrogateescape")
    if run.returncode == 2:
        return None, run.stderr
    found = set()
    encoded = set()
    for finding in json.loads(run.stdout)["findings"]:
        for place in finding["occurrences"]:
            key = (place["path"], finding["rule"], place["line"], finding["secret"])
            found.add(key)
            if place["encoding"] != "plain":
                encoded.add(key)
    return (found, encoded), ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gitleaks", required=True)
    parser.add_argument("--keytrawl", default="keytrawl")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=200)
    args = parser.parse_args()
    totals = {"equal": 0, "refused by both": 0, "beside": 0, "findings": 0}
    for number in range(args.seed, args.seed + args.cases):
        folder = tempfile.mkdtemp(prefix=f"differential-{number}-")
        os.makedirs(os.path.join(folder, "tree"))
        Case(number).build(folder)
        # gitleaks reads what is extended from the current folder, keytrawl from either.
        if os.path.exists(os.path.join(folder, "base.toml")):
            config = os.path.join(folder, "gl.toml")
            with open(config) as file:
                text = file.read().replace('"base.toml"', json.dumps(os.path.join(folder, "base.toml")))
            write(config, text)
        (a, why_a), (b, why_b) = theirs(args.gitleaks, folder), ours(args.keytrawl, folder)
        if (a is None) != (b is None):
            print(f"case {number} ({folder}): refused by one only\n  gitleaks: {why_a.strip()}\n  keytrawl: {why_b.strip()}")
            return 1
        if a is None:
            totals["refused by both"] += 1
        else:
            found, encoded = b
            missing, more = a - found, found - a - encoded
            totals["beside"] += len(found - a)
            totals["findings"] += len(a)
            if missing or more:
                print(f"case {number} ({folder}):")
                for one in sorted(missing):
                    print("  gitleaks only:", one)
                for one in sorted(more):
                    print("  keytrawl only:", one)
                return 1
            totals["equal"] += 1
        shutil.rmtree(folder)
    print(", ".join(f"{count} {name}" for name, count in totals.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
