r"""
Phrases: how libraries, statements and sentences show a secret that no name and no shape tells.

In a pattern the group ``secret`` (or ``secret2`` and so on, where a quotation can be written in several ways) is what
is hidden; a group ``name``, if there is one, has to announce a secret. No repetition is without a bound but the last
one, so that every pattern takes time in proportion to the text. Sources: what the libraries raise, and the grammars of
the statements.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_datapipeline.masking.patterns.looks import Look


@dataclass(frozen=True, slots=True)
class Phrase:
    """
    Where a secret stands.

    :param about: who says so
    :param hints: texts of which one is part of whatever the pattern matches; sought first, since that is fast
    :param pattern: a regular expression
    :param look: what the secret looks like, if that is not told by its place alone
    """

    about: str
    hints: tuple[str, ...]
    pattern: str
    look: Look = Look.ANY


# In quotation marks, as SQL and source write a text; without its end where the text was cut
_QUOTED = r"(?:'(?P<secret>(?:[^'\\]|''|\\.){0,2000}+)|\"(?P<secret2>(?:[^\"\\]|\"\"|\\.){0,2000}+))"
_NAME = r"(?P<name>[A-Za-z0-9_.$-]{2,80})"
_MARK = "[\"'`\u2018\u201c]"
_IN_MARKS = rf"{_MARK}(?P<secret>[^\"'`\u2019\u201d\r\n]{{6,300}}+)[\"'`\u2019\u201d]"

PHRASES = (
    # Headers, outside of any assignment
    Phrase(
        (
            'Bearer and Basic within a sentence: letters of both cases, a digit or a sign, since "bearer token'
            '" is a word'
        ),
        ("earer", "EARER", "asic", "ASIC"),
        (
            r"\b[bB](?i:earer|asic)[ \t]+(?![a-zA-Z]?[a-z]+\b(?![._~+/=-][A-Za-z0-9])|[A-Z]+\b(?![._~+/=-]"
            r"[A-Za-z0-9])|\*|\w{1,40}=[\"'])"
            r"(?P<secret>[A-Za-z0-9._~+/-]{6,}+=*)"
        ),
    ),
    Phrase(
        "other schemes of the header Authorization, within a sentence",
        (
            "SSWS ", "OAuth ", "GenieKey ", "Splunk ", "oauthtoken ", "JWT ", "Token ", "Bot ", "API-Key ",
            "Api-Key ", "ApiKey ",
        ),
        (
            r"\b(?:SSWS|OAuth|GenieKey|Splunk|Zoho-oauthtoken|JWT|Token|Bot|(?:Klaviyo-)?A(?:PI|pi)-?Key) "
            r"(?P<secret>[A-Za-z0-9._~+/=-]{16,}+)"
        ),
        Look.RANDOM,
    ),
    Phrase(
        "requests, urllib3: a header's value that is none",
        ("header value: ",),
        r"header value: b?['\"](?P<secret>[^'\"\r\n]{8,400}+)",
        Look.MIXED,
    ),
    Phrase(
        "URLs signed by Amazon S3 and CloudFront",
        ("Signature=", "AWSAccessKeyId="),
        r"[?&](?:Signature|AWSAccessKeyId)=(?P<secret>[^&\s\"'<>]{8,}+)",
    ),
    Phrase(
        "requests, pika, cassandra and others: a user and a password",
        ("auth", "Auth", "redential", "ogin", "sernamePassword"),
        (
            rf"(?i:auth|authenticat(?:or|ion)|credentials?|login|usernamepassword[a-z]{{0,20}})(?:=)?\((?:'"
            rf"[^'\n]{{0,100}}'|\"[^\"\n]{{0,100}}\"), ?{_QUOTED}"
        ),
    ),
    Phrase(
        "Docker's config.json",
        ("'auth'", '"auth"'),
        r"[\"']auth[\"'] ?: ?[\"'](?P<secret>[A-Za-z0-9+/]{12,}+={0,2})[\"']",
    ),
    # Paths of webhooks, where the library tells host and path apart, too
    Phrase(
        "Slack: webhook",
        ("/services/T", "/workflows/T", "/triggers/T"),
        r"/(?:services|workflows|triggers)/(?P<secret>T[A-Za-z0-9]{5,20}/[A-Za-z0-9/_-]{8,}+)",
    ),
    Phrase("Telegram: bot", ("/bot",), r"/bot(?P<secret>[0-9]{6,12}:[A-Za-z0-9_-]{16,}+)"),
    Phrase("Discord: webhook", ("/webhooks/",), r"/webhooks/[0-9]{15,22}/(?P<secret>[A-Za-z0-9_-]{8,}+)"),
    Phrase(
        "Teams: webhook",
        ("/webhook/", "/webhookb2/", "/IncomingWebhook/"),
        r"/(?:webhook(?:b2)?/[^\s/]{4,100}/)?IncomingWebhook/(?P<secret>[A-Za-z0-9_/-]{8,}+)",
    ),
    Phrase(
        "Teams: webhook on a host of its own",
        ("webhook.office.com/",),
        r"webhook\.office\.com/[a-z0-9]{1,20}/(?P<secret>[A-Za-z0-9_@/-]{8,}+)",
    ),
    Phrase(
        "Google Chat, GitLab, Mattermost, Zapier, PagerDuty and others: webhook",
        ("hook", "/trigger/", "/integration/", "/incoming/"),
        (
            r"/(?:hooks?|webhooks?|catch|incoming|integration|integrations|trigger|notify)/(?:"
            r"[A-Za-z0-9_-]{1,15}/){0,3}(?P<secret>[A-Za-z0-9_-]{16,}+)"
        ),
        Look.RANDOM,
    ),
    Phrase("Zapier: webhook", ("/hooks/catch/",), r"/hooks/catch/(?P<secret>[0-9]{1,12}/[A-Za-z0-9]{4,}+)"),
    Phrase("Mattermost: webhook", ("/hooks/",), r"/hooks/(?P<secret>[a-z0-9]{12,}+)(?=[/\s\"'),]|\Z)", Look.LOOSE),
    Phrase(
        "Healthchecks.io",
        ("hc-ping.com", "/ping/"),
        r"(?:hc-ping\.com[^\n]{0,200}?|/ping)/(?P<secret>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    ),
    Phrase(
        "Make and others: webhook on a host of its own",
        ("hook",),
        r"host='[^'\n]{0,60}hook[^'\n]{0,60}'[^\n]{0,200}?url: /(?P<secret>[^\s?]{12,300}+)",
    ),
    Phrase("IFTTT: webhook", ("/with/key/",), r"/with/key/(?P<secret>[A-Za-z0-9_-]{8,}+)"),
    Phrase(
        "Alchemy, Infura and others: key in the path",
        ("/v2/", "/v3/"),
        r"(?:alchemy\.com|infura\.io|quiknode\.pro)/(?:v[23]/)?(?P<secret>[A-Za-z0-9_-]{16,}+)",
    ),
    Phrase(
        "Feishu and others: webhook that is a UUID",
        ("hook/",),
        r"/(?:web)?hook/(?P<secret>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    ),
    Phrase("Tableau: ticket", ("/trusted/",), r"/trusted/(?P<secret>[A-Za-z0-9_:=-]{16,}+)"),
    # SQL
    Phrase(
        "DB-API: a statement that names a secret, and its parameters",
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
        Look.MIXED,
    ),
    Phrase(
        "PostgreSQL, MySQL, SQL Server: encryption",
        ("rypt", "RYPT", "assphrase", "PASSPHRASE"),
        (
            r"(?i:\b(?:pgp_sym_(?:de|en)crypt(?:_bytea)?|aes_(?:de|en)crypt|(?:de|en)crypt|hmac|(?:de"
            r"|en)cryptbypassphrase))\((?:[^()'\n]{1,200}, ?)?'(?P<secret>[^'\n]{4,200}+)'"
        ),
        Look.LOOSE,
    ),
    Phrase(
        "MySQL, Oracle, Vertica: IDENTIFIED BY",
        ("ASSWORD", "assword", "DENTIFIED", "dentified"),
        (
            r"(?i:\bpassword[ \t]{0,8}\([ \t]{0,8}|\bidentified[ \t]{1,8}(?:with[ \t]{1,8}\S{1,60}[ \t]{1,8})?(?:by"
            r"|as)[ \t]{1,8}"
            rf"(?:password[ \t]{{1,8}})?){_QUOTED}"
        ),
    ),
    Phrase(
        "Oracle: REPLACE with the password before",
        ("REPLACE", "replace"),
        rf"(?i:\bidentified\b[^\n]{{1,200}}?\breplace[ \t]{{1,8}}){_QUOTED}",
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
            rf"|to)[ \t]{{0,4}}(?:(?i:password)\()?{_QUOTED}"
        ),
    ),
    Phrase(
        "DuckDB, ClickHouse, Snowflake, Redshift: options of a statement",
        ("SECRET", "TOKEN", "PASS", "secret", "token", "KEY", "PWD", "AUTH"),
        r"(?<![A-Za-z0-9])(?P<name>[A-Z][A-Z_]{2,40}) '(?P<secret>[^'\n]{6,2000}+)'",
    ),
    Phrase(
        "INSERT with a column that holds secrets",
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
        Look.MIXED,
    ),
    Phrase(
        "PostgreSQL: failing row",
        ("Failing row contains",),
        r"Failing row contains \((?P<secret>[^\n]{1,2000}?)\)\.?(?=\n|\Z)",
        Look.MIXED,
    ),
    # Connection strings that were taken apart
    Phrase("libpq: what follows no name", ('missing "=" after',), rf"missing \"=\" after {_IN_MARKS}"),
    Phrase("libpq: a port", ("for connection option",), rf"invalid integer value {_IN_MARKS} for connection option"),
    Phrase(
        "libpq: a host with what precedes it",
        ("could not translate host name", "could not parse"),
        r"host name \"(?P<secret>[^\"\n]{1,300})(?=@)",
    ),
    Phrase(
        "psycopg, pg8000 and others: a host with what precedes it",
        ("host ", "Host ", "hostname "),
        r"\b(?i:host|hostname) [\"']?(?P<secret>[^\s\"'@/]{6,200}+)@[\w-]",
        Look.MIXED,
    ),
    Phrase("libpq: a port in a host list", ("invalid port number",), rf"invalid port number: {_IN_MARKS}"),
    Phrase("libpq: a parameter of a URI", ("URI query parameter",), rf"URI query parameter: {_IN_MARKS}"),
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
        "pgpass",
        (":",),
        (
            r"(?:\A|[\s:])(?:[\w.-]{1,80}|\*):(?:[0-9]{2,5}|\*):(?:[\w.-]{1,80}|\*):[\w.*-]{1,80}:(?P<secret>"
            r"[^\s:/]{6,200}+)"
        ),
        Look.MIXED,
    ),
    Phrase(
        "user and password as one value",
        ("ogin", "ser", "OGIN", "SER", "ccount", "red", "RED", "dentity"),
        (
            r"(?i:login|user|user\.?info|account|creds?|credentials?|userid)[\"']? ?[=:] ?[\"']?(?:[\w.@+-]{1,64}"
            r"[:/])(?P<secret>[^\s\"'/@,;)]{6,200}+)"
        ),
        Look.MIXED,
    ),
    # Names and values in an unusual order
    Phrase(
        "SQL: a value before its name",
        ('al"', "al'", "alue"),
        (
            rf"[\"'](?i:val(?:ue)?)[\"'] ?: ?[\"'](?P<secret>[^\"'\n]{{1,400}}+)[\"'], ?[\"'](?i:name|key)"
            rf"[\"'] ?: ?[\"']{_NAME}[\"']"
        ),
    ),
    Phrase(
        "a pair as a list",
        ("['", '["', "('", '("'),
        rf"[\[(]b?[\"']{_NAME}[\"'], ?b?[\"'](?P<secret>[^\"'\n]{{1,400}}+)[\"'][\])]",
        Look.LOOSE,
    ),
    Phrase(
        "XML: the name as an attribute",
        ("key=", "name="),
        rf"\b(?:key|name)=[\"']{_NAME}[\"'][^<>]{{0,100}}>(?P<secret>[^<>\n]{{1,400}}+)</",
    ),
    Phrase(
        "multipart/form-data",
        ("form-data", "name="),
        (
            r"name=[\"']?(?P<name>[\w.-]{2,60})[\"']?(?:\r?\n|\\r\\n|\\n)(?:Content-[^\r\n\\]{1,80}(?:\r?\n|\\r\\n|"
            r"\\n))?(?:\r?\n|\\r\\n|\\n)(?P<secret>[^\r\n\\]{1,400}+)"
        ),
    ),
    Phrase(
        "Terraform: a default",
        ("variable ", "output "),
        (
            r"(?:variable|output) \"(?P<name>[\w-]{2,60})\" ?\{[^{}]{0,200}?(?:default|value) {0,8}= {0,8}\""
            r"(?P<secret>[^\"\n]{1,400}+)\""
        ),
    ),
    Phrase(
        "Kubernetes: a Secret",
        ("kind: Secret",),
        (
            r"kind: Secret\n(?:(?!data:|stringData:|---)[^\n]{0,200}\n){0,20}(?:stringData|data):\n(?P<secret>(?:"
            r"[ \t]+[^\n]{1,2000}(?:\n|\Z)){1,50}+)"
        ),
    ),
    Phrase(
        "kubeadm: bootstrap token",
        ("kubeadm", "bootstrap"),
        r"\b(?:kubeadm|bootstrap)\b[^\n]{0,200}?(?<![A-Za-z0-9.])(?P<secret>[a-z0-9]{6}\.[a-z0-9]{16})(?![A-Za-z0-9])",
    ),
    Phrase(
        "PuTTY: private lines",
        ("Private-Lines",),
        (
            r"Private-Lines: [0-9]{1,4}(?:\r?\n|\\n)(?P<secret>(?:[A-Za-z0-9+/=]{1,64}(?:\r?\n|\\n|\Z|(?="
            r"\s))){1,200}+)"
        ),
    ),
    Phrase(
        "JSON Web Key: the private parts",
        ('"kty"', "'kty'"),
        r"[\"'](?:d|p|q|dp|dq|qi|k)[\"'] ?: ?[\"'](?P<secret>[A-Za-z0-9_-]{16,}+)",
    ),
    Phrase(
        "XML key of .NET: the private parts",
        ("<D>", "<P>", "<InverseQ>"),
        r"<(?:D|P|Q|DP|DQ|InverseQ)>(?P<secret>[A-Za-z0-9+/=\s]{16,}+)<",
    ),
    # Validation
    Phrase(
        (
            "SQLAlchemy: [parameters: ...] of a statement that names a secret is looked for by a function; psycopg'"
            "s copy"
        ),
        ("COPY ", "copy "),
        (
            r"(?i:\bcopy) [^\n]{1,200}?(?P<name>(?i:password|passwd|secret|token))[^\n]{0,200}?, line [0-9]{1,12}: "
            r"\"(?P<secret>[^\"\n]{1,400}+)\""
        ),
    ),
    Phrase(
        "pydantic: the field on one line, its value on the next; the middle of a long value is cut out",
        ("input_value=",),
        (
            r"(?m:^)(?:[\w\[\]-]{1,80}\.){0,8}(?P<name>[\w\[\]-]{2,80})\n[^\n]{0,600}?\binput_value=(?!\{)"
            r"(?P<secret>[^\n]{1,2000}?)(?=, input_type=|\]?(?:\n|\Z))"
        ),
    ),
    Phrase(
        "pydantic: a value whose middle is cut out",
        ("input_value=",),
        r"\binput_value=[\[{(][^\n]{0,100}?\.\.\.(?P<secret>[^\n]{0,100}?)(?=, input_type=)",
    ),
    Phrase(
        "pydantic, FastAPI: errors()",
        ("'loc'", '"loc"'),
        (
            r"[\"']loc[\"']: ?[\[(](?:[^\])\n,]{1,80}, ?){0,8}[\"'](?P<name>[\w.-]{2,80})[\"'],?[\])][^\n]{0,400}?"
            r"[\"']input[\"']: ?"
            rf"(?:{_QUOTED}|(?P<secret3>[^,\n}}]{{1,400}}+))"
        ),
    ),
    Phrase(
        "jsonschema",
        ("On instance",),
        (
            rf"On instance(?:\[[^\]\n]{{1,80}}\]){{0,8}}\[['\"](?P<name>[\w.-]{{2,80}})['\"]\]:[ \n]{{1,20}}"
            rf"(?:{_QUOTED}|(?P<secret3>[^\n]{{1,400}}+))"
        ),
    ),
    # Redis
    Phrase(
        "Redis: a command that is unknown",
        ("AUTH", "auth"),
        r"(?i:`auth`|'auth'|\bauth\b), with args beginning with: (?P<secret>[`'][^\n]{1,400}+)",
    ),
    Phrase("Redis: AUTH", ("AUTH ",), r"\bAUTH (?:[\w.@-]{1,64} )?(?P<secret>[^\s\"'`,;)]{6,300}+)", Look.MIXED),
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
    Phrase(
        "Hadoop: key of an Azure account",
        ("azure.account.key",),
        r"fs\.azure\.account\.key\.[\w.-]{1,100}[\"']?[ =:,]{1,4}[\"']?(?P<secret>[A-Za-z0-9+/]{16,}+=*)",
    ),
    Phrase(
        "credentials in a sentence",
        ("cred",),
        r"\b(?:creds?|credentials?) [\w.@+-]{1,64}(?: / |[:/])(?P<secret>[^\s\"'/@,;)]{6,200}+)",
        Look.MIXED,
    ),
    # Oracle
    Phrase(
        "Oracle: user/password@where",
        ("@",),
        (
            r"(?:[\"'(= ]|\A)[A-Za-z][\w$#.-]{0,40}/(?P<secret>[^\s\"'/@(),;]{4,100}+)@(?!sha[0-9]|[A-Z0-9-]+\."
            r"[A-Z])(?:/{2})?[A-Za-z(][\w.-]{0,80}"
        ),
        Look.MIXED,
    ),
    Phrase(
        "Oracle: JDBC",
        ("jdbc:oracle:",),
        r"jdbc:oracle:\w{1,8}:[\w$#.-]{1,64}/(?P<secret>[^\s\"'/@]{1,100}+)(?=@)",
    ),
    Phrase("Oracle: userid", ("userid=",), r"userid=[\w$#.-]{1,64}/[\"']?(?P<secret>[^\s\"'/@]{1,100}+)"),
    Phrase(
        "Azure Container Registry and others: user and secret of a login",
        ("ogin",),
        (
            r"(?i:login|logon|authentication) failed (?:for|with|as) [\"'(]?[\w.@+-]{1,64}(?:/|:|, ?|[\"'], ?[\"'])"
            r"(?P<secret>[^\s\"'),;/]{6,200}+)"
        ),
        Look.MIXED,
    ),
    Phrase(
        "Azure Container Registry and others: user and secret of a login, as a pair",
        ("ailed (",),
        r"failed \([\"']?[\w.@+-]{1,64}[\"']?, ?[\"']?(?P<secret>[^\s\"'),;]{6,200}+)[\"']?\)",
        Look.MIXED,
    ),
    # Sentences
    Phrase(
        "a password in a sentence",
        ("assw", "ASSW", "assphrase", "asscode", "ecret", "redential"),
        (
            rf"(?<![A-Za-z0-9_-])(?i:passw(?:or[dt]|d)|passphrase|passcode|secret|credentials?)(?: (?:is|was|of"
            rf"|for \S{{1,60}}|value|string)){{0,3}}:?[ \t]{{1,4}}(?:{_IN_MARKS}|(?P<secret2>"
            rf"[^\s\"'`,;()<>\[\]{{}}]{{8,300}}+))"
        ),
        Look.MIXED,
    ),
    Phrase(
        "a password in a sentence, after a colon",
        ("assw", "ASSW", "assphrase", "asscode"),
        (
            rf"(?<![A-Za-z0-9_-])(?i:passw(?:or[dt]|d)|passphrase|passcode) (?:is|was|used|given|entered|sent)(?::"
            rf"|=)? ?(?:{_IN_MARKS}|(?<=[:=] )(?P<secret2>[^\s\"'`,;()<>\[\]{{}}]{{6,300}}+))"
        ),
        Look.LOOSE,
    ),
    Phrase(
        "a password in a sentence, in short",
        (" pass ", " pw ", " pwd "),
        (
            r"\b(?:with|using|and|by|user \S{1,60}|/) (?:pass|pw|pwd)[ :=]{1,2}[\"']?(?P<secret>"
            r"[^\s\"'`,;()<>\[\]{}]{6,300}+)"
        ),
        Look.MIXED,
    ),
    Phrase(
        "an option with what looks drawn at random",
        (" -",),
        r"(?<=\s)-[A-Za-z] [\"']?(?P<secret>(?![0-9a-f]{7,64}\b)[^\s\"'`,;()<>\[\]{}]{16,300}+)",
        Look.RANDOM,
    ),
    Phrase(
        "a token or key in a sentence",
        ("oken", "OKEN", "key", "Key", "KEY", "ession", "icket", "ookie", "code", "crumb", "ertificate"),
        (
            rf"(?<![A-Za-z0-9_])(?i:tokens?|keys?|session(?: with)?(?: id| key)?|ticket|cookie|crumb|"
            rf"(?:verification|authorization|device|auth) code)(?: (?:is|was|of|value|provided|given|string|used"
            rf"|received|submitted|supplied|presented|for \S{{1,60}}|id))?:?[ \t]{{1,4}}(?:{_IN_MARKS}|(?P<secret2>"
            rf"[^\s\"'`,;()<>\[\]{{}}]{{16,600}}+))"
        ),
        Look.RANDOM,
    ),
    Phrase(
        "a token that is said to be none",
        (
            "not a valid", "is not valid", "is invalid", "has expired", "was revoked", "is revoked", "rejected",
            "malformed", "Could not decode", "could not decode",
        ),
        (
            r"(?:[\"'`](?P<secret>[A-Za-z0-9_+/=.~-]{20,600}+)[\"'`]) (?:is (?:not (?:a )?valid|invalid|revoked"
            r"|malformed|expired)|has expired|was (?:revoked|rejected)) ?(?i:api|key|token|secret|jwt|credential"
            r"|password)?"
        ),
        Look.RANDOM,
    ),
)  # fmt: skip
"""The phrases."""
