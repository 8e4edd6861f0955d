"""How secrets stand in HTTP headers, in calls that log in, and in the paths of webhooks."""

from __future__ import annotations

from airflow_provider_datapipeline.masking.randomness import Randomness
from airflow_provider_datapipeline.masking.rules.phrases.rows import QUOTED, Phrase

WEB_PHRASES = (
    # Headers without a name before the value
    Phrase(
        'Bearer and Basic within a sentence: not before a plain word, as in "bearer token"',
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
        Randomness.HIGH,
    ),
    Phrase(
        "requests, urllib3: an invalid value of a header",
        ("header value: ",),
        r"header value: b?['\"](?P<secret>[^'\"\r\n]{8,400}+)",
        Randomness.MEDIUM,
    ),
    Phrase(
        "URLs signed by Amazon S3 and CloudFront",
        ("Signature=", "AWSAccessKeyId="),
        r"[?&](?:Signature|AWSAccessKeyId)=(?P<secret>[^&\s\"'<>]{8,}+)",
    ),
    Phrase(
        "requests, pika, cassandra and others: a call with a user and a password",
        ("auth", "Auth", "redential", "ogin", "sernamePassword"),
        (
            rf"(?i:auth|authenticat(?:or|ion)|credentials?|login|usernamepassword[a-z]{{0,20}})(?:=)?\((?:'"
            rf"[^'\n]{{0,100}}'|\"[^\"\n]{{0,100}}\"), ?{QUOTED}"
        ),
    ),
    Phrase(
        "Docker's config.json",
        ("'auth'", '"auth"'),
        r"[\"']auth[\"'] ?: ?[\"'](?P<secret>[A-Za-z0-9+/]{12,}+={0,2})[\"']",
    ),
    # Paths of webhooks; the library may show the host apart from the path
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
        Randomness.HIGH,
    ),
    Phrase("Zapier: webhook", ("/hooks/catch/",), r"/hooks/catch/(?P<secret>[0-9]{1,12}/[A-Za-z0-9]{4,}+)"),
    Phrase("Mattermost: webhook", ("/hooks/",), r"/hooks/(?P<secret>[a-z0-9]{12,}+)(?=[/\s\"'),]|\Z)", Randomness.LOW),
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
)  # fmt: skip
"""Rows of :data:`~airflow_provider_datapipeline.masking.rules.phrases.PHRASES`."""
