"""Shapes of the tokens of clouds, code hosting, build services, hosting platforms and data platforms."""

from __future__ import annotations

from airflow_provider_datapipeline.masking.rules.issuers.rows import (
    ALNUM,
    CAPITAL,
    DIGIT,
    RANDOM,
    SMALL,
    UUID,
    WORD,
    Shape,
    azure_key,
    azure_key_of_32_bytes,
    azure_key_of_64_bytes,
    whole_token,
)

PLATFORM_SHAPES: tuple[Shape, ...] = (
    # Amazon Web Services: the id of a key, and the secret if it stands beside the id
    *(
        Shape(
            f"AWS access key id {starts}",
            starts,
            (
                rf"{starts}(?<![A-Za-z0-9]{starts})[A-Z0-9]{{8,124}}+(?![a-z])"
                r"(?:(?: / |[^A-Za-z0-9+/*]{1,8})[A-Za-z0-9+/]{30,}+)?"
            ),
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html",
        )
        for starts in ("AKIA", "ASIA", "ABIA", "ACCA")
    ),
    # Tokens of several parts, and tokens whose prefix could begin an ordinary word
    whole_token(
        "Razorpay key, and the secret beside it",
        "rzp_",
        r"(?:live|test)_[A-Za-z0-9]{14}:[A-Za-z0-9]{20,}+",
        "https://razorpay.com/docs/api/authentication/",
    ),
    whole_token(
        "LinkedIn client secret",
        "WPL_AP",
        r"[0-9]\.[A-Za-z0-9]{16}\.[A-Za-z0-9+/]{6,}+={0,2}",
        "https://learn.microsoft.com/en-us/linkedin/shared/authentication/",
    ),
    whole_token("Jenkins API token", "11", r"[0-9a-f]{32}", "https://www.jenkins.io/doc/book/using/", "A-Za-z0-9"),
    whole_token(
        "Rancher API token",
        "token-",
        r"[a-z0-9]{5}:[a-z0-9]{54}",
        "https://ranchermanager.docs.rancher.com/reference-guides/user-settings/api-keys",
    ),
    whole_token(
        "Adyen API key, in full", "AQE", r"[A-Za-z0-9+/=-]{80,}+", "https://docs.adyen.com/development-resources/"
    ),
    Shape(
        "Infisical service token",
        "st.",
        r"(?<![A-Za-z0-9_.])st\.[0-9a-f]{24}\.[0-9a-f]{32}\.[0-9a-f]{32}",
        "https://infisical.com/docs/documentation/platform/token",
    ),
    Shape(
        "Airtable API key, legacy",
        "key",
        r"key(?<![A-Za-z0-9_]key)(?=[A-Za-z]{0,13}[0-9])(?=[a-z0-9]{0,13}[A-Z])[A-Za-z0-9]{14}(?![A-Za-z0-9_])",
        "detect-secrets",
    ),
    # JSON in Base64, once or twice: JWT, JWS, JWE, key files, secrets as Docker and Kubernetes store them
    *(
        Shape(
            f"JSON in Base64, {starts}",
            starts,
            rf"{starts}(?<![A-Za-z0-9]{starts})[A-Za-z0-9+/_=-]{{10,}}+(?:\.\.?[A-Za-z0-9+/_=-]{{1,}}+){{0,4}}",
            "https://www.rfc-editor.org/rfc/rfc7515",
        )
        for starts in ("eyJ", "eyAi", "ewog", "ewoJ", "ew0K", "ZXlK", "W3si")
    ),
    # Code hosting and build services
    whole_token(
        "GitHub App installation token, stateless",
        "ghs_",
        r"[0-9]{1,12}_eyJ[A-Za-z0-9_-]{10,1000}\.[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,}+",
        "https://github.blog/changelog/2026-04-24-notice-about-upcoming-new-format-for-github-app-installation-tokens/",
        ALNUM,
    ),
    whole_token(
        "GitLab personal access token, routable",
        "glpat-",
        r"[A-Za-z0-9_-]{27,300}\.[0-9a-z]{2}\.?[0-9a-z]{7,9}",
        "gitleaks",
        ALNUM,
    ),
    whole_token(
        "GitLab runner authentication token, routable",
        "glrt-",
        r"t[0-9]_[A-Za-z0-9_-]{27,300}\.[0-9a-z]{2}\.?[0-9a-z]{7,9}",
        "gitleaks",
        ALNUM,
    ),
    whole_token("Bitbucket app password", "ATBB", DIGIT + r"[A-Za-z0-9]{26,40}", "noseyparker"),
    whole_token("Buildkite API access token", "bkua_", r"(?:[A-Za-z0-9]{2,16}\.)?[a-z0-9]{40,}+", "buildkite"),
    whole_token("Buildkite agent access token", "bkaa_", r"(?:[A-Za-z0-9]{2,16}\.)?[A-Za-z0-9_-]{56,}+", "buildkite"),
    whole_token(
        "Buildkite unclustered agent token", "bkar_", r"(?:[A-Za-z0-9]{2,16}\.)?[A-Za-z0-9_-]{56,}+", "buildkite"
    ),
    whole_token("Buildkite agent token", "bkct_", r"(?:[A-Za-z0-9]{2,16}\.)?[A-Za-z0-9_-]{56,}+", "buildkite"),
    whole_token("Octopus Deploy API key", "API-", DIGIT + r"[A-Z0-9]{26,40}", "gitleaks", WORD),
    whole_token("NuGet API key", "oy2", r"[a-z0-9]{43}", "noseyparker"),
    whole_token("Cargo registry token", "cio", DIGIT + CAPITAL + r"[A-Za-z0-9]{32}", "noseyparker"),
    whole_token("StackHawk API key", "hawk.", r"[A-Za-z0-9_-]{20}\.[A-Za-z0-9_-]{20}", "noseyparker"),
    whole_token("Harness personal token", "pat.", r"[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}", "gitleaks"),
    whole_token(
        "Harness service account token", "sat.", r"[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}", "gitleaks"
    ),
    whole_token("LaunchDarkly SDK key", "sdk-", UUID, "trufflehog", WORD),
    whole_token("LaunchDarkly API key", "api-", UUID, "trufflehog", WORD),
    whole_token(
        "Statsig server secret",
        "secret-",
        RANDOM + r"[A-Za-z0-9]{40,50}",
        "https://docs.statsig.com/access-management/api-keys",
        WORD,
    ),
    whole_token("Infracost API key", "ico-", DIGIT + r"[A-Za-z0-9]{32}", "gitleaks", WORD),
    # Hosting and data platforms
    whole_token("Databricks personal access token", "dapi", r"[0-9a-f]{32}(?:-[0-9])?", "gitleaks", ALNUM),
    whole_token(
        "Vault service token, of old", "s.", RANDOM + r"[A-Za-z0-9]{24}(?![.(][A-Za-z0-9_])", "vault", "A-Za-z0-9_."
    ),
    whole_token("Vault batch token, of old", "b.", r"AAAAAQ[A-Za-z0-9_-]{60,}+", "vault", "A-Za-z0-9_."),
    Shape(
        "HCP Terraform API token",
        ".atlasv1.",
        r"(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{45,}+",
        "gitleaks",
    ),
    azure_key_of_64_bytes("Storage account key", "+ASt"),
    azure_key_of_64_bytes("Batch key", "+ABa"),
    azure_key_of_64_bytes("Machine Learning classic key", "+AMC"),
    azure_key_of_64_bytes("Cosmos DB key", "ACDb"),
    azure_key_of_64_bytes("API Management key", "APIM"),
    azure_key_of_32_bytes("Cache for Redis key", "AzCa"),
    azure_key_of_32_bytes("IoT Hub key", "AIoT"),
    azure_key_of_32_bytes("Service Bus key", "+ASb"),
    azure_key_of_32_bytes("Event Hubs key", "+AEh"),
    azure_key_of_32_bytes("Relay key", "+ARm"),
    azure_key_of_32_bytes("Event Grid key", "AZEG"),
    azure_key("Container Registry key", "+ACR", r"[A-Za-z0-9+/]{42}\+ACR[A-Za-z0-9+/]{6}"),
    azure_key("AI Search key", "AzSe", r"[A-Za-z0-9]{42}AzSe[A-D][A-Za-z0-9]{5}"),
    azure_key("Functions key", "AzFu", r"[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{5}[AQgw]=="),
    azure_key("annotated key", "JQQJ9", r"[A-Za-z0-9]{52}JQQJ9[9DH][A-Za-z0-9]{26}(?:[A-Za-z0-9]{2}==)?"),
    azure_key("DevOps personal access token", "AZDO", r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}"),
    Shape(
        "Entra client secret",
        "Q~",
        r"(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{30,33}[A-Za-z0-9_~-](?![A-Za-z0-9_~-])",
        "gitleaks",
    ),
    Shape(
        "Entra refresh token",
        ".Ag",
        r"(?<![A-Za-z0-9_.-])[01]\.A[A-Za-z0-9_-]{50,200}\.(?:[0-9]\.)?Ag[A-Za-z0-9_-]{200,}+",
        "trufflehog",
    ),
    whole_token("Cloudflare origin CA key", "v1.0-", r"[0-9a-f]{24}-[0-9a-f]{146}", "gitleaks"),
    whole_token(
        "Alibaba Cloud access key, and the secret beside it",
        "LTAI",
        r"[A-Za-z0-9]{12,26}(?![A-Za-z0-9])(?:[^A-Za-z0-9]{1,8}[A-Za-z0-9]{30})?",
        "betterleaks",
    ),
    whole_token(
        "Tencent Cloud secret id, and the key beside it",
        "AKID",
        DIGIT + r"[A-Za-z0-9]{32}(?![A-Za-z0-9])(?:[^A-Za-z0-9]{1,8}[A-Za-z0-9]{32})?",
        "https://www.tencentcloud.com/document/product/598/32675",
    ),
    whole_token(
        "Google Cloud Storage HMAC key, and the secret beside it",
        "GOOG",
        r"[A-Z0-9]{20,57}(?![A-Za-z0-9])(?:[^A-Za-z0-9+/]{1,8}[A-Za-z0-9+/]{40})?",
        "https://cloud.google.com/storage/docs/authentication/hmackeys",
    ),
    whole_token(
        "Scaleway access key, and the secret beside it",
        "SCW",
        DIGIT + rf"[A-Z0-9]{{17}}(?![A-Za-z0-9])(?:[^A-Za-z0-9]{{1,8}}{UUID})?",
        "https://www.scaleway.com/en/docs/iam/concepts/",
    ),
    whole_token(
        "Yandex Cloud IAM token",
        "t1.",
        r"[A-Za-z0-9_-]{16,800}={0,2}\.[A-Za-z0-9_-]{86}={0,2}",
        "gitleaks",
        "A-Za-z0-9_.",
    ),
    whole_token(
        "Yandex Cloud static access key id",
        "YCAJE",
        r"[A-Za-z0-9_-]{20}",
        "https://yandex.cloud/en/docs/iam/concepts/authorization/access-key",
        WORD,
    ),
    whole_token("Yandex Cloud static access key", "YC", RANDOM + r"[A-Za-z0-9_-]{38}", "gitleaks", WORD),
    whole_token(
        "Yandex OAuth token",
        "y0_",
        RANDOM + r"[A-Za-z0-9_-]{50,60}",
        "https://yandex.cloud/en/docs/iam/concepts/authorization/oauth-token",
        WORD,
    ),
    whole_token("AppSync API key", "da2-", DIGIT + r"[a-z0-9]{26}", "noseyparker", WORD),
    whole_token("Doppler service token", "dp.st.", r"(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}", "trufflehog"),
    whole_token(
        "1Password secret key",
        "A3-",
        r"[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}",
        "gitleaks",
        WORD,
    ),
    whole_token("Dynatrace token", "dt0", r"[a-z][0-9]{2}\.[A-Z0-9]{8,24}\.[A-Z0-9]{64}", "noseyparker"),
    whole_token("ClickHouse Cloud secret key", "4b1d", CAPITAL + r"[A-Za-z0-9]{38}", "gitleaks"),
    whole_token(
        "Confluent Cloud API secret",
        "cflt",
        RANDOM + r"[A-Za-z0-9+/]{60}",
        "https://docs.confluent.io/cloud/current/security/authenticate/workload-identities/service-accounts/api-keys/"
        "overview.html",
        "A-Za-z0-9+/_=",
    ),
    whole_token("DataStax Astra token", "AstraCS:", r"[A-Za-z0-9]{20,40}(?::[0-9a-f]{64})?", "betterleaks"),
    Shape(
        "Tableau personal access token",
        "==:",
        r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{22}==:[A-Za-z0-9]{32}(?![A-Za-z0-9])",
        "trufflehog",
    ),
    Shape(
        "New Relic license key",
        "NRAL",
        r"(?<![A-Za-z0-9])[A-Za-z0-9]{6}[A-Fa-f0-9]{30}NRAL(?![A-Za-z0-9])",
        "noseyparker",
    ),
    Shape(
        "Proxmox VE API token",
        "PVEAPIToken=",
        rf"PVEAPIToken=[A-Za-z0-9._-]{{1,64}}@[A-Za-z0-9._-]{{1,64}}![A-Za-z0-9._-]{{1,64}}[=:](?P<secret>{UUID})",
        "https://pve.proxmox.com/wiki/Proxmox_VE_API",
    ),
    Shape(
        "MaxMind license key",
        "_mmk",
        r"(?<![A-Za-z0-9_])[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk(?![A-Za-z0-9_])",
        "gitleaks",
    ),
    Shape(
        "ngrok token",
        "_",
        rf"(?<![A-Za-z0-9_])2{CAPITAL}{SMALL}[A-Za-z0-9]{{26}}_[0-9][A-Za-z0-9]{{20}}(?![A-Za-z0-9_])",
        "trufflehog",
    ),
    whole_token("Vercel personal access token", "vcp_", RANDOM + r"[A-Za-z0-9_-]{42,60}", "betterleaks", WORD),
    whole_token("Vercel integration token", "vci_", RANDOM + r"[A-Za-z0-9_-]{42,60}", "betterleaks", WORD),
    whole_token("Vercel app access token", "vca_", RANDOM + r"[A-Za-z0-9_-]{42,60}", "betterleaks", WORD),
    whole_token("Vercel app refresh token", "vcr_", RANDOM + r"[A-Za-z0-9_-]{42,60}", "betterleaks", WORD),
    whole_token("Vercel AI Gateway key", "vck_", RANDOM + r"[A-Za-z0-9_-]{42,60}", "betterleaks", WORD),
    whole_token("PostHog personal API key", "phx_", RANDOM + r"[A-Za-z0-9_-]{32,60}", "trufflehog", WORD),
    whole_token("Typeform token", "tfp_", RANDOM + r"[A-Za-z0-9_-]{40,60}", "gitleaks", WORD),
    whole_token(
        "Stytch secret, live",
        "secret-live-",
        RANDOM + r"[A-Za-z0-9_-]{32,60}={0,2}",
        "https://stytch.com/docs/api",
        WORD,
    ),
    whole_token(
        "Stytch secret, test",
        "secret-test-",
        RANDOM + r"[A-Za-z0-9_-]{32,60}={0,2}",
        "https://stytch.com/docs/api",
        WORD,
    ),
    whole_token("Netlify personal access token", "nfp_", RANDOM + r"[A-Za-z0-9_]{36}", "trufflehog"),
    whole_token("Render API key", "rnd_", RANDOM + r"[A-Za-z0-9]{24,32}", "betterleaks"),
    whole_token("Scalingo API token", "tk-us-", DIGIT + CAPITAL + r"[A-Za-z0-9_-]{48}", "gitleaks", WORD),
    whole_token("Adafruit IO key", "aio_", DIGIT + r"[A-Za-z0-9]{28}", "trufflehog"),
    whole_token("Nightfall API key", "NF-", DIGIT + r"[A-Za-z0-9]{32}", "trufflehog", WORD),
    whole_token("FullStory API key", "na1.", RANDOM + r"[A-Za-z0-9+/]{100}", "trufflehog"),
    whole_token(
        "Modal token id", "ak-", RANDOM + r"[A-Za-z0-9]{22}", "https://modal.com/docs/reference/modal.config", WORD
    ),
    whole_token(
        "Modal token secret",
        "as-",
        RANDOM + r"[A-Za-z0-9]{22}",
        "https://modal.com/docs/reference/modal.config",
        WORD,
    ),
)
"""Rows of :data:`~airflow_provider_datapipeline.masking.rules.issuers.SHAPES`."""
