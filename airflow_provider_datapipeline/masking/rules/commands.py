r"""
The arguments of commands that are secret although no name says so.

Options such as ``--password`` have such a name, and are found by it. This table has the short options, and the
arguments that have no option. Sources: the manual pages of the commands.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """
    Options whose value is secret.

    :param commands: names of the commands that have these options; ``*`` at the end stands for further letters
    :param options: the options, as they are written
    :param may_be_apart: whether the value may be an argument of its own; otherwise no blank stands before it
    :param verb: a word that has to stand between the command and the option
    :param plain_start: a regular expression for the beginning of the value that is not secret, such as the ``user:`` of
        ``user:password``
    """

    commands: tuple[str, ...]
    options: tuple[str, ...]
    may_be_apart: bool = True
    verb: str = ""
    plain_start: str = ""


@dataclass(frozen=True, slots=True)
class Argument:
    """
    A secret argument that has no option.

    :param hint: a text that is part of everything that the pattern matches; it is searched for first
    :param pattern: a regular expression for the command up to the secret, which is its group ``secret``. If there is a
        group ``name``, it has to be a name that marks its value as secret.
    """

    hint: str
    pattern: str


_USER = r"[\w.@\\%+-]{1,64}[:%]"

OPTIONS = (
    Option(("mysql*", "mariadb*"), ("-p",), may_be_apart=False),
    Option(("mongo*", "sshpass"), ("-p",)),
    Option(
        ("docker", "podman", "helm", "oc", "az", "skopeo", "buildah", "nerdctl", "crane", "oras", "cf", "ibmcloud"),
        ("-p",),
        verb="login",
    ),
    Option(
        (
            "beeline", "twine", "ncftpput", "ncftpget", "ncftpls", "cqlsh", "hdbsql", "tabcmd", "nodetool",
            "cypher-shell", "snowsql", "impala-shell", "kadmin", "svn", "exaplus", "rabbitmqadmin", "jfrog",
            "teradata*", "dsbulk", "cbq", "couchbase-cli", "artemis", "jmxterm", "psql2csv", "arangosh",
            "arangodump", "solr", "gsec",
        ),
        ("-p",),
    ),
    Option(("sqlcmd", "bcp", "osql", "isql", "tsql", "zip", "unzip", "mosquitto_pub", "mosquitto_sub"), ("-P",)),
    Option(("redis-cli", "valkey-cli", "keydb-cli", "redis-benchmark"), ("-a",)),
    Option(
        ("ldapsearch", "ldapmodify", "ldapadd", "ldapwhoami", "ldapdelete", "ldappasswd", "vsql", "admintools"),
        ("-w",),
    ),
    Option(("plink", "pscp", "psftp", "nzsql", "nzload", "nzunload"), ("-pw", "-W")),
    Option(("7z*", "rar", "unrar"), ("-p", "-hp"), may_be_apart=False),
    Option(("ssh-keygen",), ("-N", "-P")),
    Option(("openssl",), ("-k", "-K", "-pass", "-passin", "-passout"), plain_start="(?:pass:)?"),
    Option(("influx", "telegraf", "flux"), ("-t",)),
    Option(("databricks",), ("--string-value", "--bytes-value")),
    Option(("dtexec",), ("/DE", "/De", "/de")),
    Option(("schtasks",), ("/RP", "/rp")),
    Option(("lftp",), ("-u",), plain_start=r"[\w.@-]{1,64},"),
    Option(("curl", "smbclient", "rpcclient", "aria2c"), ("-u", "--user", "--proxy-user", "-U"), plain_start=_USER),
    Option(("http", "https", "httpie", "xh"), ("-a", "--auth"), plain_start=_USER),
)  # fmt: skip
"""Secret options. Commands whose secret options all have telling names are left out."""

_WORD = r"[\"']?(?P<secret>[^\s\"',:;|]{1,400}+)"

ARGUMENTS = (
    Argument("kinit", r"\becho (?:-n )?[\"']?(?P<secret>[^\s|\"']{6,200}+)[^|\n]{0,4}\| ?(?:sudo )?kinit\b"),
    Argument("chpasswd", r"\becho [\"']?[\w.-]{1,64}:(?P<secret>[^\s|\"']{4,200}+)[^|\n]{0,4}\| ?(?:sudo )?chpasswd\b"),
    Argument(
        "| ",
        r"\becho (?:-n )?[\"']?(?P<secret>[^\s|\"']{6,200}+)[^|\n]{0,4}\| ?(?:passwd|su|sudo|gpg|docker|podman|helm)\b",
    ),
    Argument("smbclient", r"\bsmbclient (?://|\\\\)\S{1,100} (?!-)" + _WORD),
    Argument("net use", r"\bnet use (?:\S{1,3} )?\\\\\S{1,100} (?!/)" + _WORD),
    Argument("cmdkey", r"\bcmdkey\b[^\n]{0,200}?/pass:" + _WORD),
    Argument(
        "rabbitmqctl",
        r"\brabbitmqctl (?:-\S{1,40} ){0,4}(?:add_user|change_password|authenticate_user) \S{1,64} " + _WORD,
    ),
    Argument("mc ", r"\bmc (?:alias|config host) (?:set|add) \S{1,64} \S{1,200} \S{1,128} " + _WORD),
    Argument(
        "vault",
        (
            r"\bvault (?:kv )?(?:put|write|patch) \S{1,100} (?:[\w.-]{1,64}=\S{1,64} ){0,6}?[\w.-]{1,64}=(?!@)"
            r"[\"']?(?P<secret>[^\s\"']{6,400}+)"
        ),
    ),
    Argument("vault login", r"\bvault login (?:-\S{1,60} ){0,4}(?!-)[\"']?(?P<secret>[^\s\"']{8,200}+)"),
    Argument("from-literal", r"--from-literal[= ][\"']?[\w.-]{1,64}=[\"']?(?P<secret>[^\s\"']{6,400}+)"),
    Argument("credentials", r"\bset-single-user-credentials \S{1,64} " + _WORD),
    Argument("db2", r"\bdb2 connect to \S{1,64} user \S{1,64} using " + _WORD),
    Argument("logon", r"\.logon \S{1,64}/\S{1,64},(?P<secret>[^\s\"';]{1,100}+)"),
    Argument("SecureString", r"ConvertTo-SecureString (?:-String )?[\"'](?P<secret>[^\"'\n]{1,200}+)"),
    Argument("PSCredential", r"PSCredential\(? ?[\"'][^\"'\n]{1,64}[\"'], ?[\"'](?P<secret>[^\"'\n]{1,200}+)"),
    Argument("htpasswd", r"\bhtpasswd (?:-[A-Za-z]{1,8} ){0,4}(?:\S{1,100} )?[\w.@-]{1,64} (?!-)" + _WORD),
    Argument("variables set", r"\bvariables set (?:-\S{1,40} ){0,4}(?P<name>[\w.-]{2,80}) " + _WORD),
    Argument("users create", r"\busers create [^\n]{0,200}?-p " + _WORD),
    Argument("setenv", r"\bsetenv (?P<name>[\w.-]{2,80}) " + _WORD),
    Argument("set -", r"\bset -\w{1,4} (?P<name>[\w.-]{2,80}) " + _WORD),
    Argument("set ", r"\b(?:configure|config|secrets?) set (?P<name>[\w.-]{2,80})[= ](?:--body |-b )?" + _WORD),
    *(
        Argument(
            command,
            (
                rf"\b{command}(?:[ \t]|[\"'], ?[\"']|-\w{{1,12}}|userid=|[\"']){{1,6}}[\w$#.-]{{1,64}}/[\"']?"
                rf"(?P<secret>[^\s\"'/@]{{1,100}}+)"
            ),
        )
        for command in ("sqlplus", "expdp", "impdp", "sqlldr", "rman", "sqlcl")
    ),
)  # fmt: skip
"""Secret arguments without an option."""
