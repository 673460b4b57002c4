#!/usr/bin/env python3
"""Generates src/filter/known_digests.bin: digests of inputs that people type when they try a hash.

MD5, SHA-1, SHA-256 and SHA-512 of each input, cut to six bytes, sorted, nothing between them. Cut, so
that the file holds nothing that could be taken for a key; six bytes are enough that a random hex
body is in the table once in 10^11.

    scripts/digests.py src/filter/known_digests.bin
"""

import hashlib
import sys

INPUTS = """
test tests testing test1 test123 tester test_key test-key testkey hello Hello HELLO world hello_world
helloworld HelloWorld hello-world password Password PASSWORD password1 password123 Password123 passw0rd
p@ssword P@ssw0rd secret Secret SECRET secret_key secretkey secret-key mysecret my_secret my-secret
supersecret super_secret super-secret topsecret foo Foo FOO bar Bar baz qux foobar FooBar foobarbaz
foo_bar foo-bar spam eggs ham admin Admin administrator root user username guest default anonymous
nobody demo example Example sample dummy fake placeholder changeme CHANGEME change_me change-me key
KEY api_key apikey api-key token TOKEN access_token mytoken my_token my-token data value string text
message input content file null NULL nil none None undefined true True false False yes no ok OK
letmein welcome qwerty qwertyuiop asdf asdfgh asdfghjkl zxcvbnm iloveyou monkey dragon master login
pass pw pwd abc ABC abcd abcde abcdef abcdefg abc123 a b c d e f g h i j k l m n o p q r s t u v w x y z
A B C X 0 1 2 3 4 5 6 7 8 9 10 12 42 00 000 0000 00000000 11111111 123 1234 12345 123456 1234567
12345678 123456789 1234567890 0123456789 987654321 111111 000000 654321 666666 internet google github
gitlab docker kubernetes linux ubuntu python ruby rust java javascript node php go lorem ipsum
alice bob carol eve John john jane joe dev prod production staging development local localhost
""".split()
PHRASES = [
    "", " ", "\n", "\0", "hello world", "Hello World", "Hello, World!", "hello, world", "Hello, world!",
    "Hello World!", "hello world!", "this is a test", "This is a test", "my secret", "my secret key",
    "The quick brown fox jumps over the lazy dog", "The quick brown fox jumps over the lazy dog.",
    "the quick brown fox jumps over the lazy dog", "lorem ipsum", "foo bar", "test test",
    "{}", "[]", "abcdefghijklmnopqrstuvwxyz", "message digest", "test@example.com", "user@example.com",
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
]


def main(target):
    typed = dict.fromkeys(INPUTS + PHRASES)
    typed.update(dict.fromkeys(word + "\n" for word in INPUTS))  # what `echo word | sha256sum` hashes
    kinds = (hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.sha512)
    digests = {kind(text.encode()).digest()[:6] for text in typed for kind in kinds}
    with open(target, "wb") as output:
        output.write(b"".join(sorted(digests)))


if __name__ == "__main__":
    main(sys.argv[1])
