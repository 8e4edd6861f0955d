"""Shapes of the tokens of language models, payments, shops, mail, messages and tools for teams, and of hashes."""

from __future__ import annotations

from airflow_provider_datapipeline.masking.rules.issuers.rows import (
    ALNUM,
    DIGIT,
    RANDOM,
    UUID,
    WORD,
    Shape,
    whole_token,
)

SERVICE_SHAPES: tuple[Shape, ...] = (
    # Language models
    whole_token(
        "OpenAI, DeepSeek, Stability or Kimi key",
        "sk-",
        r"(?=[A-Za-z]{0,19}[0-9])[A-Za-z0-9]{20}[A-Za-z0-9_-]*+",
        "gitleaks",
        WORD,
    ),
    whole_token(
        "LiteLLM key", "sk-", RANDOM + r"[A-Za-z0-9_-]{22}", "https://docs.litellm.ai/docs/proxy/virtual_keys", WORD
    ),
    whole_token(
        "Fireworks API key",
        "fw_",
        DIGIT + r"[A-Za-z0-9]{20,30}",
        "https://docs.fireworks.ai/api-reference/introduction",
        WORD,
    ),
    whole_token("Firecrawl API key", "fc-", r"[0-9a-f]{32}", "noseyparker", WORD),
    whole_token(
        "Voyage API key",
        "pa-",
        RANDOM + r"[A-Za-z0-9_-]{43}",
        "https://docs.voyageai.com/docs/api-key-and-installation",
        WORD,
    ),
    whole_token("Nomic API key", "nk-", RANDOM + r"[A-Za-z0-9_-]{43}", "https://docs.nomic.ai/", WORD),
    whole_token("ElevenLabs API key", "sk_", r"[0-9a-f]{48}", "trufflehog"),
    whole_token("Photoroom API key", "sk_pr_", r"[A-Za-z0-9]{1,64}_[0-9a-f]{40}", "trufflehog"),
    whole_token("Cursor API key", "key_", r"[0-9a-f]{64}", "betterleaks"),
    # Payments and shops
    whole_token("Square access token", "EAAA", RANDOM + r"[A-Za-z0-9_-]{60}", "gitleaks", "A-Za-z0-9+/_-"),
    whole_token("Stripe client secret of a payment", "pi_", r"[A-Za-z0-9]{24}_secret_[A-Za-z0-9]{25}", "trufflehog"),
    whole_token("Checkout.com secret key", "sk_", rf"(?:test_)?{UUID}", "betterleaks", WORD),
    whole_token("Recharge API token", "sk_", r"(?:test_)?[0-9]{1,2}x[123]_[0-9a-f]{64}", "trufflehog"),
    whole_token("Lob API key, live", "live_", r"[0-9a-f]{35}", "gitleaks"),
    whole_token("Lob API key, test", "test_", r"[0-9a-f]{35}", "gitleaks"),
    whole_token("GoCardless access token", "live_", RANDOM + r"[A-Za-z0-9_-]{40}", "gitleaks", WORD),
    whole_token("Plaid access token", "access-", rf"(?:production|development|sandbox)-{UUID}", "gitleaks", WORD),
    whole_token(
        "Mercado Pago access token",
        "APP_USR-",
        r"[0-9]{12,18}-[0-9]{6}-[0-9a-f]{32}-[0-9]{6,12}",
        "https://www.mercadopago.com/developers/en/docs/your-integrations/credentials",
    ),
    whole_token(
        "Braintree access token",
        "access_token$production$",
        r"[0-9a-z]{16}\$[0-9a-f]{32}",
        "https://developer.paypal.com/braintree/docs/guides/authorization/overview",
    ),
    whole_token(
        "Adyen API key",
        "AQE",
        r"[a-z]hm[A-Za-z0-9+/]{60,160}={0,2}-[A-Za-z0-9+/]{40,50}={0,2}-[!#-&(-;=?-~]{7,31}[!#-&(-\-/-;=?-~]",
        "https://docs.adyen.com/development-resources/api-credentials/",
        ALNUM,
    ),
    whole_token("Courier API key", "pk_", r"(?:prod|test)_[A-Z0-9]{28}", "trufflehog"),
    # Mail and messages
    whole_token("SendGrid API key", "SG.", r"[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,}+", "noseyparker", ALNUM),
    whole_token("Mailgun API key, of old", "key-", DIGIT + r"[0-9a-z]{32}", "trufflehog", WORD),
    Shape(
        "Mailgun API key",
        "-",
        r"(?<![A-Za-z0-9_-])[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}(?![A-Za-z0-9_-])",
        "trufflehog",
    ),
    Shape("Mailchimp API key", "-us", r"(?<![A-Za-z0-9_-])[0-9a-f]{32}-us[0-9]{1,2}(?![A-Za-z0-9_-])", "gitleaks"),
    whole_token(
        "Resend API key",
        "re_",
        DIGIT + r"[A-Za-z0-9]{8}_[A-Za-z0-9]{24}",
        "https://resend.com/docs/dashboard/api-keys/introduction",
    ),
    whole_token("Klaviyo private key", "pk_", r"[0-9a-f]{34}", "trufflehog"),
    whole_token("Twilio API key", "SK", r"[0-9a-f]{32}", "gitleaks"),
    Shape(
        "Discord bot token",
        ".",
        (
            r"(?<![A-Za-z0-9_-])[MNO](?=[A-Za-z_-]{0,20}[0-9])[A-Za-z0-9_-]{23,25}\."
            r"[A-Za-z0-9_-]{6}\." + RANDOM + r"[A-Za-z0-9_-]{27,}+"
        ),
        "detect-secrets",
    ),
    Shape("DeepL API key", ":fx", rf"(?<![A-Za-z0-9-]){UUID}:fx\b", "https://developers.deepl.com/docs"),
    Shape("Telegram bot token", ":A", r"(?<![0-9])[0-9]{8,10}:A[A-Za-z0-9_-]{34}(?![A-Za-z0-9_-])", "gitleaks"),
    whole_token(
        "Facebook access token",
        "EAA",
        r"(?!A{8})" + RANDOM + r"[A-Za-z0-9]{80,}+",
        "gitleaks",
        "A-Za-z0-9+/_-",
    ),
    Shape(
        "Facebook app access token",
        "|",
        rf"(?<![A-Za-z0-9_])[0-9]{{15,16}}\|{RANDOM}[A-Za-z0-9_-]{{27}}(?![A-Za-z0-9_-])",
        "gitleaks",
    ),
    whole_token("X bearer token", "A" * 20, r"[A-Za-z0-9%]{20,80}%3D[A-Za-z0-9]{40,60}", "gitleaks", "A-Za-z0-9%+/"),
    whole_token("Twitch stream key", "live_", r"[0-9]{8,12}_[A-Za-z0-9]{30,36}", "noseyparker"),
    # Tools for teams
    whole_token(
        "Salesforce access token", "00D", r"[A-Za-z0-9]{12}![A-Za-z0-9._-]{79,259}[A-Za-z0-9_-]", "betterleaks"
    ),
    whole_token("Salesforce refresh token", "5Aep861", r"[A-Za-z0-9._=-]{39,259}[A-Za-z0-9_=-]", "trufflehog"),
    whole_token("Airtable personal access token", "pat", r"[A-Za-z0-9]{14}\.[0-9a-f]{64}", "gitleaks"),
    Shape(
        "Airtable OAuth token",
        ".v1.",
        r"(?<![A-Za-z0-9_.-])[A-Za-z0-9]{10,24}\.v1\.[A-Za-z0-9_-]{16,400}\.[0-9a-f]{40,128}(?![A-Za-z0-9_])",
        "trufflehog",
    ),
    whole_token("Notion token, of old", "secret_", r"[A-Za-z0-9]{43}", "trufflehog"),
    whole_token("HubSpot private app token, Europe", "pat-eu1-", UUID, "trufflehog", WORD),
    whole_token("HubSpot private app token, America", "pat-na1-", UUID, "trufflehog", WORD),
    whole_token("Okta API token", "00", RANDOM + r"[A-Za-z0-9_-]{40}", "gitleaks", WORD),
    Shape(
        "Asana token",
        "/",
        r"(?<![A-Za-z0-9_/.-])[0-9]/[0-9]{13,20}(?:/[0-9]{13,20})?:[0-9a-f]{32}(?![A-Za-z0-9_-])",
        "trufflehog",
    ),
    whole_token("Dropbox access token", "sl.", r"(?:u\.)?[A-Za-z0-9_-]{130,}+", "noseyparker", "A-Za-z0-9_."),
    whole_token("Close API key", "api_", r"[A-Za-z0-9]{22}\.[A-Za-z0-9]{22}", "trufflehog"),
    whole_token("ClickUp personal token", "pk_", r"[0-9]{7,9}_[A-Z0-9]{32}", "noseyparker"),
    whole_token("Voiceflow API key", "VF.", r"(?:(?:DM|WS)\.)?[0-9a-fA-F]{24}\.[A-Za-z0-9]{16}", "noseyparker"),
    whole_token("Zoho access or refresh token", "1000.", r"[0-9a-f]{32}\.[0-9a-f]{32}", "trufflehog"),
    whole_token("Robinhood crypto API key", "rh-api-", UUID, "trufflehog", WORD),
    # Hashed, encrypted or encoded secrets
    whole_token("bcrypt hash", "$2", r"[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53}", "crypt", ALNUM),
    whole_token("MD5 crypt hash", "$1$", r"[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}", "crypt", ALNUM),
    whole_token(
        "Apache MD5 hash",
        "$apr1$",
        r"[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}",
        "https://httpd.apache.org/docs/2.4/misc/password_encryptions.html",
        ALNUM,
    ),
    whole_token(
        "SHA-256 crypt hash", "$5$", r"(?:rounds=[0-9]{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43}", "crypt", ALNUM
    ),
    whole_token(
        "SHA-512 crypt hash", "$6$", r"(?:rounds=[0-9]{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{86}", "crypt", ALNUM
    ),
    whole_token("yescrypt hash", "$y$", r"[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{1,86}\$[./A-Za-z0-9]{43}", "crypt", ALNUM),
    whole_token(
        "Argon2 hash",
        "$argon2",
        r"(?:id|i|d)\$v=[0-9]{1,3}\$m=[0-9]{1,8},t=[0-9]{1,5},p=[0-9]{1,5}\$[A-Za-z0-9+/]{11,64}\$[A-Za-z0-9+/]{16,}+",
        "https://github.com/P-H-C/phc-string-format",
        ALNUM,
    ),
    whole_token(
        "Django PBKDF2 hash",
        "pbkdf2_sha256$",
        r"[0-9]{1,9}\$[A-Za-z0-9]{1,64}\$[A-Za-z0-9+/]{43}=",
        "https://docs.djangoproject.com/en/stable/topics/auth/passwords/",
    ),
    whole_token(
        "Werkzeug PBKDF2 hash",
        "pbkdf2:sha",
        r"[0-9]{1,3}(?::[0-9]{1,9})?\$[A-Za-z0-9]{1,64}\$[0-9a-f]{40,128}",
        "https://werkzeug.palletsprojects.com/en/stable/utils/#module-werkzeug.security",
    ),
    whole_token(
        "Werkzeug scrypt hash",
        "scrypt:",
        r"[0-9]{1,9}:[0-9]{1,4}:[0-9]{1,4}\$[A-Za-z0-9]{1,64}\$[0-9a-f]{128}",
        "https://werkzeug.palletsprojects.com/en/stable/utils/#module-werkzeug.security",
    ),
    whole_token(
        "PostgreSQL SCRAM verifier",
        "SCRAM-SHA-256$",
        r"[0-9]{1,9}:[A-Za-z0-9+/]{16,64}={0,2}\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=",
        "https://www.postgresql.org/docs/current/catalog-pg-authid.html",
    ),
    Shape(
        "MySQL native password hash",
        "*",
        r"(?<![A-Za-z0-9_*])\*(?=[0-9]{0,39}[A-F])(?=[A-F]{0,39}[0-9])[0-9A-F]{40}(?![A-Za-z0-9_*])",
        "https://dev.mysql.com/doc/refman/8.0/en/native-pluggable-authentication.html",
    ),
    whole_token(
        "MySQL SHA-2 password hash",
        "$A$005$",
        r"[^\r\n]{20}[./A-Za-z0-9]{43}",
        "https://dev.mysql.com/doc/refman/8.0/en/caching-sha2-pluggable-authentication.html",
        ALNUM,
    ),
    whole_token(
        "LDAP salted SHA hash", "{SSHA}", r"[A-Za-z0-9+/]{32,64}={0,2}", "https://www.rfc-editor.org/rfc/rfc2307"
    ),
    whole_token("LDAP SHA hash", "{SHA}", r"[A-Za-z0-9+/]{27}=", "https://www.rfc-editor.org/rfc/rfc2307"),
    whole_token(
        "Fernet token",  # the first bytes are the time of issue, so only these characters can be the eighth one
        "gAAAAAB",
        r"[Q-Za-z0-9_-][A-Za-z0-9_-]{60,}+={0,2}",
        "https://github.com/fernet/spec",
        "A-Za-z0-9+/_-",
    ),
    whole_token("JSON web token, in Base64 again", "ZXlK", r"[A-Za-z0-9+/_-]{60,}+={0,2}", "gitleaks", "A-Za-z0-9+/_-"),
)
"""Rows of :data:`~airflow_provider_datapipeline.masking.rules.issuers.SHAPES`."""
