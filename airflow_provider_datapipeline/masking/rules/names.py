"""
The words of names: which names mark their value as secret, and which only sound as if they did.

A name is judged word by word: ``dbPassword``, ``DB_PASSWORD`` and ``db.password`` all are "db" and "password".
Sources: the names of parameters in the documentation of the tools, the keyword lists of the rule sets gitleaks and
detect-secrets, and what errors of some 60 libraries show.
"""

from __future__ import annotations

SECRET_WORDS = (
    "password", "passwort", "passwd", "passwrd", "passphrase", "passcode", "passkey", "pwd", "secret", "senha",
    "kennwort", "contrasena", "motdepasse", "token", "credential", "credentials", "creds", "cred", "bearer", "jwt",
    "authorization", "cookie", "assertion", "apikey", "secretkey", "masterauth", "userpwd", "sas", "passwords",
    "secrets", "tokens", "pw", "pass", "otp", "totp",
)  # fmt: skip
"""Words that mark a value as secret, also as the end of a longer word such as ``dbpassword``."""

PLURAL_SECRET_WORDS = ("secrets", "credentials", "tokens", "creds")
"""Those of :data:`SECRET_WORDS` that mostly stand before names of secrets, or before their number."""

WHOLE_WORDS_ONLY = (
    "pw", "otp", "totp", "cred", "creds", "sas", "jwt",
)  # fmt: skip
"""Those of :data:`SECRET_WORDS` that count as whole words only, because ordinary words end like them."""

OTHER_WORDS = (
    "tiktoken", "detokenize", "bypass", "compass", "trespass", "surpass", "encompass", "underpass", "overpass",
)  # fmt: skip
"""Words that end like one of :data:`SECRET_WORDS`, and mark nothing as secret."""

SIGNATURE_WORDS = (
    "signature", "sig", "hmac",
)  # fmt: skip
"""Words for what was computed with a secret."""

BEFORE_SECRET_KEY = (
    "api", "access", "auth", "private", "pvt", "secret", "signing", "sign", "encryption", "encrypt", "master",
    "fernet", "shared", "session", "client", "subscription", "webhook", "ssh", "hmac", "crypto", "symmetric",
    "storage", "service", "functions", "signature", "decryption", "license", "aes", "rsa", "cipher", "opsgenie",
    "genie", "heroku", "segment", "amplitude", "mixpanel", "datadog", "newrelic", "pagerduty", "sendgrid", "twilio",
    "openai", "anthropic", "stripe", "mailgun",
)  # fmt: skip
"""Words before "key" that mark any value as secret."""

BEFORE_OTHER_KEY = (
    "sort", "partition", "foreign", "cache", "object", "s3", "row", "group", "dedup", "idempotency", "public", "pub",
    "natural", "surrogate", "business", "unique", "index", "order", "message", "lookup", "lock", "event", "record",
    "item", "request", "join", "cluster", "merge", "hash", "range", "host", "registry", "redis", "file", "blob",
    "bucket", "config", "dict", "translation", "i18n", "trace", "task", "dag", "run", "job", "kms", "tag", "xcom",
    "missing", "unknown", "duplicate", "conflict",
)  # fmt: skip
"""Words before "key" that make it the key of a row, of an object or of a dictionary, which is not secret."""

BEFORE_OTHER_TOKEN = (
    "next", "max", "min", "num", "n", "page", "continuation", "pagination", "starting", "pad", "eos", "bos", "unk",
    "unexpected", "prompt", "completion", "total", "input", "output", "cached", "reasoning", "unknown", "special",
    "sep", "mask", "cls", "stop", "syntax", "start", "end", "resume", "sync", "marker", "invalid", "expected",
)  # fmt: skip
"""Words before "token" that make it a word of a language, a number, or a position in a list, which is not secret."""

LAST_WORDS_OF_OTHER_NAMES = (
    "name", "names", "arn", "file", "filename", "path", "paths", "url", "uri", "type", "types", "policy", "count",
    "counts", "length", "len", "size", "limit", "limits", "expiry", "expires", "expiration", "expired", "in", "at",
    "on", "by", "endpoint", "version", "manager", "backend", "prefix", "ttl", "lifetime", "age", "required",
    "enabled", "rotation", "provider", "column", "columns", "field", "fields", "encryption", "method", "mechanism",
    "location", "dir", "directory", "status", "error", "errors", "exception", "failed", "failure", "attempts",
    "retries", "less", "reset", "valid", "invalid", "format", "regex", "pattern", "hint", "server", "issuer",
    "audience", "scope", "scopes", "kind", "label", "index", "position", "ref", "stdin", "env", "var", "cmd",
    "command", "callback", "helper", "validator", "schema", "usage", "strategy", "timeout", "max", "min", "source",
    "store", "missing", "notfound", "found", "denied", "second", "minute", "algorithm", "alg", "authenticator",
    "authority", "service", "class", "role", "mode", "state", "changed", "created", "updated", "rotated", "number",
    "alias", "aliases", "protocol", "domain", "host", "port", "bits", "encoding", "template", "placeholder", "hidden",
    "prompt", "rule", "rules", "group", "list", "set", "map", "factory", "handler", "client", "config", "cache",
    "loader", "resolver", "chain", "interval", "date", "time", "timestamp", "check", "checks", "engine", "view",
    "page", "form", "table", "model", "refresh", "request", "response", "operator", "task", "job", "hook", "event",
    "handling", "management", "manifest", "bucket", "budget", "latency", "throughput", "price", "cost",
)  # fmt: skip
"""Last words of names that are about a secret, but whose value is something else."""

OTHER_NAMES = (
    "image_pull_secrets", "imagepullsecrets", "pull_secrets", "secret_key_ref", "existing_secret", "token_use",
    "key_vault",
)  # fmt: skip
"""Whole names, in small letters, whose value is not secret although their words say so."""

FIRST_WORDS_OF_ERRORS = (
    "invalid", "missing", "bad", "expired", "unknown", "no", "wrong", "forgot", "reset",
)  # fmt: skip
"""First words of the names of errors and of actions, such as "invalid" and "reset". Their value is not secret."""

SECRET_NAMES = (
    "saml_response", "saml_request", "private_key_content",
)  # fmt: skip
"""Whole names, in small letters, whose value is secret although their words do not say so."""

AMBIGUOUS_WORDS = (
    "code", "sid", "session", "sessionid", "jsessionid", "phpsessid", "sessid", "dsid", "asid", "ssid",
    "ticket", "auth", "authn", "salt", "license", "licence", "appid", "verifier", "dsn", "crumb", "hook",
    "pin", "seed", "pepper", "mnemonic", "hash", "nonce",
)  # fmt: skip
"""Words that may mark a value as secret: only what looks drawn at random counts as one."""

BEFORE_IDENTIFIER = (
    "id", "ids", r"id-\d", "uuid", "etag", "e-tag", "hash", "digest", "md5", "sha", r"sha-?\d{1,3}", "checksum",
    "version", "request", "req", "cursor", "job", "query", "commit", "marker", "continuation", "token_?marker",
    "fingerprint", "trace", "span", "task", "run", "uid", "guid", "sheet", "sheets/d", "/d", "folders", "next_?token",
    "revision", "rev", "snapshot", "execution", "operation", "correlation", "transaction", "build", "cluster",
    "nonce", "topic", r"ssh-[a-z0-9]+", "part", "offset", "object", "blob", "file", "image", "layer", "pipeline",
    "activation", "attempt", "handle", "h1", "ray", "dag",
)  # fmt: skip
"""Words before an identifier: what follows them is not secret, though it looks drawn at random. Regular expressions."""
