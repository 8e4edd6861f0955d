"""How secrets stand in SQL, in connection strings that a driver took apart, and in commands of Redis and Oracle."""

from __future__ import annotations

from airflow_provider_datapipeline.masking.randomness import Randomness
from airflow_provider_datapipeline.masking.rules.phrases.rows import IN_QUOTES, QUOTED, Phrase

DATABASE_PHRASES = (
    # SQL
    Phrase(
        "DB-API: the parameters of a statement that has the name of a secret",
        ("?", "%s", "%("),
        (
            r"(?i:\b(?:insert|update|select|delete|merge)\b)(?P<names>[^\n]{1,600}?)[\"'], ?[\[(](?P<secret>"
            r"[^\n]{1,600}?)[\])](?=[\s)\]]|\Z)"
        ),
    ),
    Phrase(
        "ClickHouse: table functions",
        ("remote", "mysql", "postgresql", "mongodb", "redis", "s3"),
        (
            r"\b(?:remote(?:Secure)?|mysql|postgresql|mongodb|redis|s3)\([^()\n]{1,300}?, ?'(?P<secret>"
            r"[^'\n]{6,200}+)'\)"
        ),
        Randomness.MEDIUM,
    ),
    Phrase(
        "PostgreSQL, MySQL, SQL Server: encryption",
        ("rypt", "RYPT", "assphrase", "PASSPHRASE"),
        (
            r"(?i:\b(?:pgp_sym_(?:de|en)crypt(?:_bytea)?|aes_(?:de|en)crypt|(?:de|en)crypt|hmac|(?:de"
            r"|en)cryptbypassphrase))\((?:[^()'\n]{1,200}, ?)?'(?P<secret>[^'\n]{4,200}+)'"
        ),
        Randomness.LOW,
    ),
    Phrase(
        "MySQL, Oracle, Vertica: IDENTIFIED BY",
        ("ASSWORD", "assword", "DENTIFIED", "dentified"),
        (
            r"(?i:\bpassword[ \t]{0,8}\([ \t]{0,8}|\bidentified[ \t]{1,8}(?:with[ \t]{1,8}\S{1,60}[ \t]{1,8})?(?:by"
            r"|as)[ \t]{1,8}"
            rf"(?:password[ \t]{{1,8}})?){QUOTED}"
        ),
    ),
    Phrase(
        "Oracle: REPLACE with the previous password",
        ("REPLACE", "replace"),
        rf"(?i:\bidentified\b[^\n]{{1,200}}?\breplace[ \t]{{1,8}}){QUOTED}",
    ),
    Phrase(
        "Oracle: IDENTIFIED BY without quotation marks",
        ("DENTIFIED", "dentified"),
        (
            r"(?i:\bidentified[ \t]{1,8}by[ \t]{1,8}|\breplace[ \t]{1,8}(?=\w{6,60};))(?!(?i:password|values)\b|"
            r"[\"'%:?*])(?P<secret>[^\s;,\"')]{1,200}+)"
        ),
    ),
    Phrase(
        "MySQL: SET PASSWORD",
        ("SET PASSWORD", "set password"),
        (
            rf"(?i:\bset password\b)[^\n=']{{0,20}}(?:'[^'\n]{{0,80}}'(?:@'[^'\n]{{0,80}}')?)?[ \t]{{0,4}}(?:=|TO"
            rf"|to)[ \t]{{0,4}}(?:(?i:password)\()?{QUOTED}"
        ),
    ),
    Phrase(
        "DuckDB, ClickHouse, Snowflake, Redshift: options of a statement",
        ("SECRET", "TOKEN", "PASS", "secret", "token", "KEY", "PWD", "AUTH"),
        r"(?<![A-Za-z0-9])(?P<name>[A-Z][A-Z_]{2,40}) '(?P<secret>[^'\n]{6,2000}+)'",
    ),
    Phrase(
        "INSERT: the values, if a column has the name of a secret",
        ("INTO ", "into "),
        (
            r"(?i:\b(?:insert|replace|upsert) into) [^\s(]{1,100} ?\((?P<names>[^()\n]{1,400})\) ?(?i:values) ?\("
            r"(?P<secret>[^\n]{1,2000}?)(?=\)[\s;,\"']|\)?\Z|\)?\n)"
        ),
    ),
    Phrase(
        "MySQL: Duplicate entry",
        ("uplicate entry",),
        r"Duplicate entry '(?P<secret>[^'\n]{6,300}+)' for key '(?P<name>[\w.]{2,80})'",
        Randomness.MEDIUM,
    ),
    Phrase(
        "PostgreSQL: failing row",
        ("Failing row contains",),
        r"Failing row contains \((?P<secret>[^\n]{1,2000}?)\)\.?(?=\n|\Z)",
        Randomness.MEDIUM,
    ),
    # Parts of connection strings
    Phrase("libpq: a part without a name", ('missing "=" after',), rf"missing \"=\" after {IN_QUOTES}"),
    Phrase("libpq: a port", ("for connection option",), rf"invalid integer value {IN_QUOTES} for connection option"),
    Phrase(
        "libpq: a host, with the password before it",
        ("could not translate host name", "could not parse"),
        r"host name \"(?P<secret>[^\"\n]{1,300})(?=@)",
    ),
    Phrase(
        "psycopg, pg8000 and others: a host, with the password before it",
        ("host ", "Host ", "hostname "),
        r"\b(?i:host|hostname) [\"']?(?P<secret>[^\s\"'@/]{6,200}+)@[\w-]",
        Randomness.MEDIUM,
    ),
    Phrase("libpq: a port in a host list", ("invalid port number",), rf"invalid port number: {IN_QUOTES}"),
    Phrase("libpq: a parameter of a URI", ("URI query parameter",), rf"URI query parameter: {IN_QUOTES}"),
    Phrase(
        "libpq: a URI",
        ("in URI", "in connection URI"),
        (
            r"(?:unexpected|invalid) [^\n]{1,80}? in (?:connection )?URI[^\n\"]{0,60}\(expected[^\n]{0,40}\): \""
            r"(?P<secret>[^\"\n]{6,300}+)\""
        ),
    ),
    Phrase(
        "urllib: a port",
        ("Port could not be cast",),
        r"Port could not be cast to integer value as (?P<secret>'[^\n]{1,400}')",
    ),
    Phrase("httpx: a port", ("Invalid port: ",), r"\bInvalid port: (?P<secret>'[^\n]{1,400}')"),
    Phrase(
        "urllib3: a location",
        ("Failed to parse: ",),
        r"Failed to parse: '?[^:'\s]{0,80}:(?!//)(?P<secret>[^\n]{1,400}?)'? is not a valid",
    ),
    Phrase(
        "int(): a port",
        ("invalid literal for int",),
        r"invalid literal for int\(\) with base 10: '(?P<secret>[^'\n]{1,200})(?=@)",
    ),
    Phrase(
        "pgpass: a line",
        (":",),
        (
            r"(?:\A|[\s:])(?:[\w.-]{1,80}|\*):(?:[0-9]{2,5}|\*):(?:[\w.-]{1,80}|\*):[\w.*-]{1,80}:(?P<secret>"
            r"[^\s:/]{6,200}+)"
        ),
        Randomness.MEDIUM,
    ),
    Phrase(
        "user and password as one value",
        ("ogin", "ser", "OGIN", "SER", "ccount", "red", "RED", "dentity"),
        (
            r"(?i:login|user|user\.?info|account|creds?|credentials?|userid)[\"']? ?[=:] ?[\"']?(?:[\w.@+-]{1,64}"
            r"[:/])(?P<secret>[^\s\"'/@,;)]{6,200}+)"
        ),
        Randomness.MEDIUM,
    ),
    # Redis
    Phrase(
        "Redis: an unknown command",
        ("AUTH", "auth"),
        r"(?i:`auth`|'auth'|\bauth\b), with args beginning with: (?P<secret>[`'][^\n]{1,400}+)",
    ),
    Phrase("Redis: AUTH", ("AUTH ",), r"\bAUTH (?:[\w.@-]{1,64} )?(?P<secret>[^\s\"'`,;)]{6,300}+)", Randomness.MEDIUM),
    Phrase(
        "Redis: AUTH as a list of arguments",
        ("AUTH", "auth"),
        (
            r"[\"'](?i:auth)[\"'],? ?(?:[\"'][\w.@-]{1,64}[\"'],? ?(?=[\"']))?[\"'](?P<secret>[^\"'\n]{1,300}+)"
            r"[\"']"
        ),
    ),
    Phrase(
        "Redis: directives",
        ("requirepass ", "masterauth ", "auth-pass ", "sentinel-pass "),
        r"\b(?:requirepass|masterauth|auth-pass \S{1,80}|sentinel-pass) [\"']?(?P<secret>[^\s\"']{1,300}+)",
    ),
    Phrase(
        "Redis: ACL SETUSER",
        ("SETUSER", "setuser"),
        r"(?i:\bsetuser) [^\n>]{1,80}?[>#](?P<secret>[^\s\"']{1,300}+)",
    ),
    Phrase(
        "Redis: a file of ACLs",
        ("user ",),
        r"\buser \S{1,60} (?:on|off) [^\n>]{0,60}?[>#](?P<secret>[^\s\"']{6,300}+)",
    ),
    # Oracle
    Phrase(
        "Oracle: user/password@host",
        ("@",),
        (
            r"(?:[\"'(= ]|\A)[A-Za-z][\w$#.-]{0,40}/(?P<secret>[^\s\"'/@(),;]{4,100}+)@(?!sha[0-9]|[A-Z0-9-]+\."
            r"[A-Z])(?:/{2})?[A-Za-z(][\w.-]{0,80}"
        ),
        Randomness.MEDIUM,
    ),
    Phrase(
        "Oracle: JDBC",
        ("jdbc:oracle:",),
        r"jdbc:oracle:\w{1,8}:[\w$#.-]{1,64}/(?P<secret>[^\s\"'/@]{1,100}+)(?=@)",
    ),
    Phrase("Oracle: userid", ("userid=",), r"userid=[\w$#.-]{1,64}/[\"']?(?P<secret>[^\s\"'/@]{1,100}+)"),
)  # fmt: skip
"""Rows of :data:`~airflow_provider_datapipeline.masking.rules.phrases.PHRASES`."""
