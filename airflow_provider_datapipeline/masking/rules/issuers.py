"""
The tokens that can be told by their shape alone: who issues them, how they begin, and what follows.

A table, and no more: nothing is compiled or searched here. Two kinds of rows, of which each stands for one kind of
token. An `Issuer` is a prefix that no ordinary word begins with, and the characters after it; where it may end early
it does, since a library may have cut the token. A `Shape` is for all others: tokens of several parts, with a mark
amidst them, or whose prefix could begin an ordinary word, and which have to match as a whole.

Every pattern takes time in proportion to the text: quantifiers have an upper bound or are possessive, and one that
may begin anywhere looks back first, so that it begins once in a run of its characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Issuer:
    """
    One kind of token: a literal prefix that tells it, and a run of characters after that.

    It is found where no letter or digit stands before the prefix, and as long as the run goes on.
    """

    name: str
    """What it is, as its issuer calls it."""
    starts: str
    """The prefix, as it stands in a token."""
    alphabet: str
    """The characters after it, as the inside of a character class."""
    least: int
    """How many of these count: what is published, or about three quarters of it."""
    source: str
    """Who says so: a key of `SOURCES`, or an https address."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A token without a prefix of its own, or of several parts: a regular expression tells it."""

    name: str
    """What it is, as its issuer calls it."""
    hint: str
    """A text that every such token contains: without it, the pattern need not run."""
    pattern: str
    """The regular expression; its group `secret`, if it has one, is what is secret in the match."""
    source: str
    """Who says so: a key of `SOURCES`, or an https address."""


SOURCES = {
    "azure": "https://github.com/microsoft/security-utilities/tree/main/GeneratedRegexPatterns",
    "betterleaks": "https://github.com/betterleaks/betterleaks/blob/main/config/betterleaks.toml",
    "buildkite": "https://buildkite.com/docs/platform/security/tokens",
    "crypt": "https://man7.org/linux/man-pages/man5/crypt.5.html",
    "detect-secrets": "https://github.com/Yelp/detect-secrets/tree/master/detect_secrets/plugins",
    "github": "https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/",
    "gitlab": "https://docs.gitlab.com/security/tokens/",
    "gitleaks": "https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml",
    "newrelic": "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/",
    "noseyparker": "https://github.com/praetorian-inc/noseyparker/tree/main/crates/noseyparker/data/default/builtin",
    "slack": "https://docs.slack.dev/authentication/tokens/",
    "trufflehog": "https://github.com/trufflesecurity/trufflehog/tree/main/pkg/detectors",
    "vault": "https://developer.hashicorp.com/vault/docs/concepts/tokens",
}

_HEX = "0-9a-f"
_LOWER = "a-z0-9"
_UPPER = "A-Z0-9"
_ALNUM = "A-Za-z0-9"
_SNAKE = "A-Za-z0-9_"
_DASHED = "A-Za-z0-9-"
_WORD = "A-Za-z0-9_-"
_PADDED = "A-Za-z0-9_=-"  # Base64 for addresses
_BASE64 = "A-Za-z0-9+/=_-"  # in either alphabet

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# Somewhere in what follows: what tells a random text from a name that a person gave.
_DIGIT = "(?=[A-Za-z_+/-]{0,40}[0-9])"
_CAPITAL = "(?=[a-z0-9_+/-]{0,40}[A-Z])"
_SMALL = "(?=[A-Z0-9_+/-]{0,40}[a-z])"
_RANDOM = _DIGIT + _CAPITAL + _SMALL


def _whole(name: str, starts: str, rest: str, source: str, beside: str = _SNAKE) -> Shape:
    """A shape that begins with a literal, and has none of some characters at either side."""
    # Looking back only after the literal keeps the search for it a search for plain text.
    literal = re.escape(starts)
    after = beside.replace(".", "")  # which may be that of a sentence
    return Shape(name, starts, f"{literal}(?<![{beside}]{literal}){rest}(?![{after}])", source)


def _azure(name: str, mark: str, pattern: str) -> Shape:
    """A key of Azure: Base64 with a mark of its service in a fixed place."""
    return Shape(f"Azure {name}", mark, f"(?<![A-Za-z0-9+/_-]){pattern}(?![A-Za-z0-9+/_=-])", "azure")


def _azure_32(name: str, mark: str) -> Shape:
    return _azure(name, mark, rf"[A-Za-z0-9+/]{{33}}{re.escape(mark)}[A-P][A-Za-z0-9+/]{{5}}=")


def _azure_64(name: str, mark: str) -> Shape:
    return _azure(name, mark, rf"[A-Za-z0-9+/]{{76}}{re.escape(mark)}[A-Za-z0-9+/]{{5}}[AQgw]==")


ISSUERS: tuple[Issuer, ...] = (
    # Amazon Web Services
    *(
        Issuer(
            f"AWS session token {starts}",
            starts,
            "A-Za-z0-9/+=%_-",
            16,
            "https://docs.aws.amazon.com/STS/latest/APIReference/",
        )
        for starts in ("FwoGZXIvYXdz", "FQoGZXIvYXdz", "FQoDYXdz", "AQoDYXdz", "IQoJb3JpZ2lu")
    ),
    # Alibaba Cloud
    Issuer("Alibaba Cloud STS token", "CAIS", "A-Za-z0-9+/=", 100, "https://www.alibabacloud.com/help/en/ram/"),
    # Where code lives and is built
    Issuer("GitHub personal access token", "ghp_", _SNAKE, 16, "github"),
    Issuer("GitHub OAuth access token", "gho_", _SNAKE, 16, "github"),
    Issuer("GitHub App user token", "ghu_", _SNAKE, 16, "github"),
    Issuer("GitHub App installation token", "ghs_", _SNAKE, 16, "github"),
    Issuer("GitHub App refresh token", "ghr_", _SNAKE, 16, "github"),
    Issuer("GitHub fine-grained personal access token", "github_pat_", _SNAKE, 16, "gitleaks"),
    Issuer("GitLab personal access token", "glpat-", _WORD, 16, "gitlab"),
    Issuer("GitLab deploy token", "gldt-", _WORD, 16, "gitlab"),
    Issuer("GitLab runner authentication token", "glrt-", _WORD, 16, "gitlab"),
    Issuer("GitLab runner token, from a registration token", "glrtr-", _WORD, 16, "gitlab"),
    Issuer("GitLab pipeline trigger token", "glptt-", _WORD, 16, "gitlab"),
    Issuer("GitLab CI/CD job token", "glcbt-", _WORD, 16, "gitlab"),
    Issuer("GitLab feed token", "glft-", _WORD, 16, "gitlab"),
    Issuer("GitLab SCIM token", "glsoat-", _WORD, 16, "gitlab"),
    Issuer("GitLab incoming mail token", "glimt-", _WORD, 18, "gitlab"),
    Issuer("GitLab agent token", "glagent-", _WORD, 37, "gitlab"),
    Issuer("GitLab OAuth application secret", "gloas-", _WORD, 48, "gitlab"),
    Issuer("GitLab feature flags client token", "glffct-", _WORD, 16, "gitlab"),
    Issuer("GitLab runner registration token", "GR1348941", _WORD, 16, "gitlab"),
    Issuer("Bitbucket access token", "ATCTT3", _PADDED, 40, "trufflehog"),
    Issuer("Bitbucket Data Center token", "BBDC-", "A-Za-z0-9+/_-", 30, "trufflehog"),
    Issuer("Atlassian API token", "ATATT3", _PADDED, 16, "gitleaks"),
    Issuer(
        "Atlassian service account token",
        "ATSTT3",
        _PADDED,
        40,
        "https://support.atlassian.com/user-management/docs/manage-api-tokens-for-service-accounts/",
    ),
    Issuer("CircleCI personal token", "CCIPAT_", _SNAKE, 46, "trufflehog"),
    Issuer("CircleCI project token", "CCIPRJ_", _SNAKE, 46, "https://circleci.com/docs/managing-api-tokens/"),
    Issuer("Buildkite portal token", "bkpat_", _SNAKE, 30, "buildkite"),
    Issuer("Buildkite portal secret", "bkps_", _SNAKE, 40, "buildkite"),
    Issuer("Docker Hub personal access token", "dckr_pat_", _WORD, 16, "trufflehog"),
    Issuer("Docker Hub organization access token", "dckr_oat_", _WORD, 24, "trufflehog"),
    Issuer("Docker Swarm join token", "SWMTKN-1-", "a-z0-9-", 58, "betterleaks"),
    Issuer("Docker Swarm unlock key", "SWMKEY-1-", "A-Za-z0-9+/", 30, "betterleaks"),
    Issuer("npm access token", "npm_", _ALNUM, 24, "gitleaks"),
    Issuer("PyPI upload token", "pypi-AgE", _WORD, 16, "gitleaks"),
    Issuer("RubyGems API key", "rubygems_", _LOWER, 36, "gitleaks"),
    Issuer(
        "Honeycomb ingest key",
        "hcaik_",
        _LOWER,
        40,
        "https://docs.honeycomb.io/configure/environments/manage-api-keys/",
    ),
    Issuer(
        "Honeycomb configuration key",
        "hcalk_",
        _LOWER,
        40,
        "https://docs.honeycomb.io/configure/environments/manage-api-keys/",
    ),
    Issuer("Axiom API token", "xaat-", _DASHED, 30, "https://axiom.co/docs/reference/tokens"),
    Issuer("Axiom personal token", "xapt-", _DASHED, 30, "https://axiom.co/docs/reference/tokens"),
    Issuer("E2B API key", "e2b_", _HEX, 30, "trufflehog"),
    Issuer("Neon role password", "npg_", _ALNUM, 10, "https://neon.com/docs/manage/roles"),
    Issuer("Clojars deploy token", "CLOJARS_", _ALNUM, 45, "gitleaks"),
    Issuer("Cloudsmith API key", "csa_", _ALNUM, 36, "betterleaks"),
    Issuer("JFrog API key", "AKCp", _ALNUM, 51, "gitleaks"),
    Issuer("JFrog reference token", "cmVmdGtu", _ALNUM, 42, "trufflehog"),
    Issuer("Sourcegraph access token, or Segment public API token", "sgp_", _SNAKE, 40, "noseyparker"),
    Issuer("Sourcegraph Cody gateway key", "slk_", _HEX, 48, "trufflehog"),
    Issuer("SonarQube user token", "squ_", _LOWER, 30, "noseyparker"),
    Issuer("SonarQube project token", "sqp_", _LOWER, 30, "gitleaks"),
    Issuer("SonarQube global token", "sqa_", _LOWER, 30, "gitleaks"),
    Issuer("SonarQube Cloud token", "sqco_", _ALNUM, 44, "trufflehog"),
    Issuer("Dependency-Track API key", "odt_", _ALNUM, 32, "noseyparker"),
    Issuer("Deno Deploy personal token", "ddp_", _ALNUM, 27, "trufflehog"),
    Issuer("Deno Deploy organization token", "ddw_", _ALNUM, 27, "trufflehog"),
    Issuer("Endor Labs API key", "endr+", _DASHED, 16, "trufflehog"),
    Issuer("Aikido CI token", "AIK_CI_", _ALNUM, 20, "betterleaks"),
    Issuer("Aikido client secret", "AIK_SECRET_", _ALNUM, 48, "betterleaks"),
    Issuer("Mergify application key", "mergify_application_key_", _WORD, 40, "betterleaks"),
    Issuer("Ionic personal access token", "ion_", _ALNUM, 36, "trufflehog"),
    # Where programs and data live
    Issuer("Google API key", "AIza", _WORD, 16, "gitleaks"),
    Issuer("Google API key, bound to a service account", "AQ.Ab8RN6", _WORD, 33, "betterleaks"),
    Issuer("Google OAuth client secret", "GOCSPX-", _WORD, 16, "noseyparker"),
    Issuer("Google OAuth refresh token", "1//0", _WORD, 16, "https://developers.google.com/identity/protocols/oauth2"),
    Issuer("Google OAuth access token", "ya29.", "A-Za-z0-9_.-", 16, "trufflehog"),  # a service account's ends in dots
    Issuer("Amazon Bedrock API key, long-term", "ABSK", _BASE64, 80, "gitleaks"),
    Issuer("Amazon Bedrock API key, short-term", "bedrock-api-key-YmVkcm9jay5", _BASE64, 16, "gitleaks"),
    Issuer("Amazon MWS token", "amzn.mws.", "0-9a-f-", 27, "noseyparker"),
    Issuer(
        "Login with Amazon client secret",
        "amzn1.oa2-cs.v1.",
        _HEX,
        48,
        "https://developer-docs.amazon.com/sp-api/docs/viewing-your-application-information-and-credentials",
    ),
    Issuer(
        "Login with Amazon access token",
        "Atza|",
        _WORD,
        40,
        "https://developer.amazon.com/docs/login-with-amazon/access-token.html",
    ),
    Issuer(
        "Login with Amazon refresh token",
        "Atzr|",
        _WORD,
        40,
        "https://developer.amazon.com/docs/login-with-amazon/refresh-token.html",
    ),
    Issuer("Databricks OAuth secret", "dose", _HEX, 24, "https://docs.databricks.com/aws/en/dev-tools/auth/oauth-m2m"),
    Issuer(
        "Databricks token, of Azure and of old", "dkea", _HEX, 24, "https://github.com/databrickslabs/pylint-plugin"
    ),
    Issuer("Databricks token, of old", "dosa", _HEX, 24, "https://github.com/databrickslabs/pylint-plugin"),
    Issuer("Vault service token", "hvs.", _WORD, 16, "vault"),
    Issuer("Vault batch token", "hvb.", _WORD, 16, "vault"),
    Issuer("Vault recovery token", "hvr.", _WORD, 16, "vault"),
    Issuer("DigitalOcean personal access token", "dop_v1_", _HEX, 16, "trufflehog"),
    Issuer("DigitalOcean OAuth token", "doo_v1_", _HEX, 16, "trufflehog"),
    Issuer("DigitalOcean refresh token", "dor_v1_", _HEX, 16, "trufflehog"),
    Issuer("Heroku API key", "HRKU-AA", _WORD, 43, "gitleaks"),
    Issuer("OpenShift user token", "sha256~", _WORD, 32, "gitleaks"),
    Issuer("Fly.io access token", "fo1_", _WORD, 32, "gitleaks"),
    Issuer("Fly.io macaroon, first version", "fm1r_", _BASE64, 75, "gitleaks"),
    Issuer("Fly.io attenuated macaroon, first version", "fm1a_", _BASE64, 75, "gitleaks"),
    Issuer("Fly.io macaroon", "fm2_", _BASE64, 75, "gitleaks"),
    Issuer("Cloudflare user API token", "cfut_", _ALNUM, 36, "trufflehog"),
    Issuer("Cloudflare account API token", "cfat_", _ALNUM, 36, "trufflehog"),
    Issuer("Cloudflare global API key", "cfk_", _ALNUM, 36, "trufflehog"),
    Issuer("UpCloud API token", "ucat_", _ALNUM, 24, "betterleaks"),
    Issuer("Yandex Cloud API key", "AQVN", _WORD, 35, "gitleaks"),
    Issuer("Pulumi access token", "pul-", _LOWER, 30, "trufflehog"),
    Issuer(
        "Secret token of the URI scheme",
        "secret-token:",
        "A-Za-z0-9_~%+=-",
        16,
        "https://www.rfc-editor.org/rfc/rfc8959",
    ),
    Issuer("Doppler CLI token", "dp.ct.", _ALNUM, 30, "trufflehog"),
    Issuer("Doppler personal token", "dp.pt.", _ALNUM, 30, "trufflehog"),
    Issuer("Doppler service account token", "dp.sa.", _ALNUM, 30, "trufflehog"),
    Issuer("Doppler SCIM token", "dp.scim.", _ALNUM, 30, "trufflehog"),
    Issuer("Doppler audit token", "dp.audit.", _ALNUM, 30, "trufflehog"),
    Issuer("1Password service account token", "ops_eyJ", _BASE64, 100, "gitleaks"),
    Issuer("age identity", "AGE-SECRET-KEY-1", _UPPER, 16, "gitleaks"),
    Issuer("age identity, post-quantum", "AGE-SECRET-KEY-PQ-1", _UPPER, 16, "https://github.com/FiloSottile/age"),
    Issuer("Tailscale key or client secret", "tskey-", _WORD, 20, "trufflehog"),
    Issuer("Defined Networking API key", "dnkey-", _PADDED, 60, "gitleaks"),
    Issuer("PlanetScale password", "pscale_pw_", _PADDED, 24, "gitleaks"),
    Issuer("PlanetScale service token", "pscale_tkn_", _PADDED, 24, "gitleaks"),
    Issuer("PlanetScale OAuth token", "pscale_oauth_", _PADDED, 24, "gitleaks"),
    Issuer("Supabase access token", "sbp_", _LOWER, 30, "trufflehog"),
    Issuer(
        "Supabase OAuth access token", "sbp_oauth_", _HEX, 30, "https://supabase.com/docs/reference/api/introduction"
    ),
    Issuer("Supabase secret key", "sb_secret_", _WORD, 24, "betterleaks"),
    Issuer("Neon API key", "napi_", _ALNUM, 48, "betterleaks"),
    Issuer("MongoDB Atlas service account secret", "mdb_sa_sk_", _WORD, 30, "betterleaks"),
    Issuer("Aiven service password", "AVNS_", _WORD, 15, "https://aiven.io/docs/platform/concepts/service-users"),
    Issuer("CockroachDB Cloud API key", "CCDB1_", _SNAKE, 46, "betterleaks"),
    Issuer("Elastic Cloud API key", "essu_", _BASE64, 60, "betterleaks"),
    Issuer("dbt Cloud personal token", "dbtu_", _WORD, 34, "https://docs.getdbt.com/docs/dbt-cloud-apis/user-tokens"),
    Issuer("dbt Cloud service token", "dbtc_", _WORD, 34, "https://docs.getdbt.com/docs/dbt-cloud-apis/service-tokens"),
    Issuer("Prefect user API key", "pnu_", _ALNUM, 27, "gitleaks"),
    Issuer(
        "Prefect service account API key",
        "pnb_",
        _ALNUM,
        27,
        "https://docs.prefect.io/v3/how-to-guides/cloud/manage-users/service-accounts",
    ),
    Issuer("Kaggle API token", "KGAT_", _ALNUM, 24, "https://www.kaggle.com/docs/api"),
    Issuer("Grafana service account token", "glsa_", _SNAKE, 30, "gitleaks"),
    Issuer("Grafana Cloud access token", "glc_", "A-Za-z0-9+/=", 24, "gitleaks"),
    Issuer("New Relic user key", "NRAK-", _ALNUM, 16, "newrelic"),
    Issuer("New Relic browser key", "NRJS-", _HEX, 15, "gitleaks"),
    Issuer("New Relic browser key, of old", "NRBR-", _HEX, 15, "trufflehog"),
    Issuer("New Relic insert key", "NRII-", _WORD, 19, "gitleaks"),
    Issuer("New Relic query key", "NRIQ-", _WORD, 19, "noseyparker"),
    Issuer("New Relic admin key", "NRAA-", _HEX, 20, "noseyparker"),
    Issuer("New Relic REST API key", "NRRA-", _HEX, 32, "noseyparker"),
    Issuer("Pixie API key", "px-api-", "0-9a-f-", 27, "noseyparker"),
    Issuer("Pixie deploy key", "px-dep-", "0-9a-f-", 27, "noseyparker"),
    Issuer("Sentry user token", "sntryu_", _HEX, 48, "gitleaks"),
    Issuer("Sentry organization token", "sntrys_", _BASE64, 60, "gitleaks"),
    Issuer("PostHog project secret key", "phs_", _ALNUM, 32, "https://posthog.com/docs/feature-flags/local-evaluation"),
    Issuer("PostHog OAuth access token", "pha_", _ALNUM, 32, "https://github.com/PostHog/posthog"),
    Issuer("PostHog OAuth refresh token", "phr_", _ALNUM, 32, "https://github.com/PostHog/posthog"),
    Issuer("Rootly API key", "rootly_", _HEX, 48, "trufflehog"),
    Issuer("Ubidots token", "BBFF-", _ALNUM, 22, "trufflehog"),
    Issuer("SettleMint application token", "sm_aat_", _ALNUM, 16, "gitleaks"),
    Issuer("SettleMint personal token", "sm_pat_", _ALNUM, 16, "gitleaks"),
    Issuer("SettleMint service token", "sm_sat_", _ALNUM, 16, "gitleaks"),
    Issuer("SaladCloud user API key", "salad_cloud_user_", _ALNUM, 30, "trufflehog"),
    Issuer("SaladCloud organization API key", "salad_cloud_org_", _ALNUM, 30, "trufflehog"),
    Issuer("Unkey root key", "unkey_", _ALNUM, 20, "betterleaks"),
    Issuer("Zuplo API key", "zpka_", "0-9a-f_", 31, "betterleaks"),
    Issuer("PubNub secret key", "sec-c-", "A-Za-z0-9=", 36, "https://www.pubnub.com/docs/general/setup/account-setup"),
    Issuer("Inngest signing key", "signkey-prod-", _HEX, 48, "https://www.inngest.com/docs/platform/signing-keys"),
    # Models
    Issuer("Anthropic API key", "sk-ant-", _WORD, 20, "gitleaks"),
    Issuer("OpenAI project key", "sk-proj-", _WORD, 20, "gitleaks"),
    Issuer("OpenAI service account key", "sk-svcacct-", _WORD, 40, "gitleaks"),
    Issuer("OpenAI admin key", "sk-admin-", _WORD, 40, "gitleaks"),
    Issuer("OpenRouter API key", "sk-or-v1-", _HEX, 48, "trufflehog"),
    Issuer("Langfuse secret key", "sk-lf-", "0-9a-f-", 27, "trufflehog"),
    Issuer("Langfuse public key", "pk-lf-", "0-9a-f-", 27, "trufflehog"),
    Issuer("Hugging Face user token", "hf_", _ALNUM, 25, "gitleaks"),
    Issuer("Hugging Face organization token", "api_org_", _ALNUM, 25, "gitleaks"),
    Issuer("Groq API key", "gsk_", _ALNUM, 39, "trufflehog"),
    Issuer("Replicate API token", "r8_", _ALNUM, 28, "trufflehog"),
    Issuer("Pinecone API key", "pcsk_", _SNAKE, 50, "trufflehog"),
    Issuer("LangSmith personal token", "lsv2_pt_", "0-9a-f_", 32, "trufflehog"),
    Issuer("LangSmith service key", "lsv2_sk_", "0-9a-f_", 32, "trufflehog"),
    Issuer("Perplexity API key", "pplx-", _ALNUM, 36, "gitleaks"),
    Issuer("xAI API key", "xai-", _WORD, 60, "trufflehog"),
    Issuer("NVIDIA API key", "nvapi-", _WORD, 48, "trufflehog"),
    Issuer("Cerebras API key", "csk-", _LOWER, 36, "betterleaks"),
    Issuer("Together API key", "tgp_v1_", _WORD, 32, "betterleaks"),
    Issuer("RunPod API key", "rpa_", _ALNUM, 30, "betterleaks"),
    Issuer("Jina API key", "jina_", _ALNUM, 45, "noseyparker"),
    Issuer("Tavily API key", "tvly-", _WORD, 24, "noseyparker"),
    Issuer("Weights & Biases API key", "wandb_v1_", _SNAKE, 58, "betterleaks"),
    # Payments and shops
    Issuer("Stripe or Clerk secret key, live", "sk_live_", _ALNUM, 16, "gitleaks"),
    Issuer("Stripe or Clerk secret key, test", "sk_test_", _ALNUM, 16, "gitleaks"),
    Issuer("Stripe secret key, production", "sk_prod_", _ALNUM, 16, "gitleaks"),
    Issuer("Stripe restricted key, live", "rk_live_", _ALNUM, 16, "gitleaks"),
    Issuer("Stripe restricted key, test", "rk_test_", _ALNUM, 16, "gitleaks"),
    Issuer("Stripe restricted key, production", "rk_prod_", _ALNUM, 16, "gitleaks"),
    Issuer("Stripe or Svix webhook secret", "whsec_", "A-Za-z0-9+/=", 16, "https://docs.stripe.com/webhooks"),
    Issuer("Shopify access token", "shpat_", _HEX + "A-F", 24, "gitleaks"),
    Issuer("Shopify custom app token", "shpca_", _HEX + "A-F", 24, "gitleaks"),
    Issuer("Shopify private app token", "shppa_", _HEX + "A-F", 24, "gitleaks"),
    Issuer("Shopify shared secret", "shpss_", _HEX + "A-F", 24, "gitleaks"),
    Issuer("Square access token, of old", "sq0atp-", _WORD, 16, "gitleaks"),
    Issuer("Square OAuth secret", "sq0csp-", _WORD, 32, "noseyparker"),
    Issuer("Flutterwave secret key", "FLWSECK-", _LOWER, 24, "trufflehog"),
    Issuer("Flutterwave secret or encryption key, test", "FLWSECK_TEST-", _ALNUM, 12, "gitleaks"),
    Issuer("Razorpay key, live", "rzp_live_", _ALNUM, 14, "trufflehog"),
    Issuer(
        "Razorpay key, test",
        "rzp_test_",
        _ALNUM,
        14,
        "https://razorpay.com/docs/payments/dashboard/account-settings/api-keys/",
    ),
    Issuer("Xendit secret key, live", "xnd_production_", _ALNUM, 40, "betterleaks"),
    Issuer("Xendit secret key, test", "xnd_development_", _ALNUM, 40, "betterleaks"),
    Issuer("Duffel token, live", "duffel_live_", _PADDED, 32, "gitleaks"),
    Issuer("Duffel token, test", "duffel_test_", _PADDED, 32, "gitleaks"),
    Issuer("EasyPost API key", "EZAK", _ALNUM, 40, "gitleaks"),
    Issuer("EasyPost test API key", "EZTK", _ALNUM, 40, "gitleaks"),
    Issuer("Shippo token, live", "shippo_live_", _HEX, 30, "gitleaks"),
    Issuer("Shippo token, test", "shippo_test_", _HEX, 30, "gitleaks"),
    Issuer("Flexport API key", "shltm_", _WORD, 30, "trufflehog"),
    Issuer("Pagar.me API key", "ak_live_", _ALNUM, 24, "trufflehog"),
    Issuer("Paddle API key, live", "pdl_live_apikey_", _SNAKE, 40, "betterleaks"),
    Issuer(
        "Paddle API key, sandbox",
        "pdl_sdbx_apikey_",
        _SNAKE,
        40,
        "https://developer.paddle.com/api-reference/about/api-keys",
    ),
    Issuer("Polar organization token", "polar_oat_", _WORD, 32, "betterleaks"),
    Issuer("Polar personal token", "polar_pat_", _WORD, 32, "betterleaks"),
    Issuer("Asaas API key, production", "$aact_prod_", _WORD, 20, "betterleaks"),
    Issuer("Asaas API key, sandbox", "$aact_hmlg_", _WORD, 20, "betterleaks"),
    Issuer("Mercury API token", "mercury_production_", _SNAKE, 44, "betterleaks"),
    Issuer("Ramp client secret", "ramp_sec_", _ALNUM, 36, "trufflehog"),
    Issuer("Fleetbase API key", "flb_live_", _ALNUM, 16, "trufflehog"),
    # Mail and messages
    Issuer("Slack app token", "xapp-", _DASHED, 10, "slack"),
    Issuer("Slack workspace token", "xoxa-", _DASHED, 10, "slack"),
    Issuer("Slack bot token", "xoxb-", _DASHED, 10, "slack"),
    Issuer("Slack client token", "xoxc-", _DASHED, 10, "betterleaks"),
    Issuer("Slack session cookie", "xoxd-", "A-Za-z0-9%+/=_-", 16, "betterleaks"),
    Issuer("Slack configuration refresh token", "xoxe-", _DASHED, 10, "slack"),
    Issuer("Slack configuration token, of a bot or a user", "xoxe.", _DASHED, 10, "slack"),
    Issuer("Slack legacy token", "xoxo-", _DASHED, 10, "gitleaks"),
    Issuer("Slack user token", "xoxp-", _DASHED, 10, "slack"),
    Issuer("Slack refresh token", "xoxr-", _DASHED, 10, "slack"),
    Issuer("Slack legacy workspace token", "xoxs-", _DASHED, 10, "gitleaks"),
    Issuer("Slack workflow token", "xwfp-", _DASHED, 10, "slack"),
    Issuer("Brevo API key", "xkeysib-", _WORD, 48, "gitleaks"),
    Issuer("Brevo SMTP key", "xsmtpsib-", _WORD, 48, "https://developers.brevo.com/docs/getting-started"),
    Issuer("MailerSend API token", "mlsn.", _ALNUM, 30, "betterleaks"),
    Issuer("OneSignal app key", "os_v2_app_", _LOWER, 75, "betterleaks"),
    Issuer("OneSignal organization key", "os_v2_org_", _LOWER, 75, "betterleaks"),
    Issuer("Instagram access token", "IGQ", _WORD, 80, "https://developers.facebook.com/docs/instagram-platform"),
    Issuer(
        "Instagram login access token", "IGAA", _WORD, 80, "https://developers.facebook.com/docs/instagram-platform"
    ),
    # Tools of teams
    Issuer("Postman API key", "PMAK-", _DASHED, 44, "gitleaks"),
    Issuer(
        "Postman collection access key",
        "PMAT-",
        _UPPER,
        20,
        "https://learning.postman.com/docs/collections/share-collections/share-with-collection-access-key/",
    ),
    Issuer("Linear API key", "lin_api_", _ALNUM, 30, "gitleaks"),
    Issuer("Linear OAuth token", "lin_oauth_", _ALNUM, 30, "https://linear.app/developers/oauth-2-0-authentication"),
    Issuer("Notion token", "ntn_", _ALNUM, 34, "gitleaks"),
    Issuer("Figma personal access token", "figd_", _WORD, 30, "betterleaks"),
    Issuer("Figma plan access token", "figp_", _PADDED, 30, "trufflehog"),
    Issuer("Contentful personal access token", "CFPAT-", _WORD, 32, "trufflehog"),
    Issuer("Frame.io token", "fio-u-", _PADDED, 48, "gitleaks"),
    Issuer("ReadMe API key", "rdme_", _LOWER, 52, "gitleaks"),
    Issuer("Canva client secret", "cnvca", _WORD, 40, "betterleaks"),
    Issuer("Adobe client secret", "p8e-", _WORD, 24, "gitleaks"),
    Issuer("Apify API token", "apify_api_", _ALNUM, 26, "trufflehog"),
    Issuer("Bannerbear project key", "bb_pr_", _HEX, 22, "trufflehog"),
    Issuer("Bannerbear master key", "bb_ma_", _HEX, 22, "trufflehog"),
    Issuer("Intra42 client secret", "s-s4t2ud-", _HEX, 48, "gitleaks"),
    Issuer("Intra42 client secret, of an application", "s-s4t2af-", _HEX, 48, "gitleaks"),
    Issuer("Samsara API token", "samsara_api_", _ALNUM, 20, "betterleaks"),
    Issuer("Val Town API token", "vtwn_", _WORD, 20, "betterleaks"),
    Issuer("Cal.com API key", "cal_live_", _HEX, 24, "https://cal.com/docs/api-reference/v1/authentication"),
)

SHAPES: tuple[Shape, ...] = (
    # Amazon Web Services: the id of a key, with the secret where that stands beside it
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
    _whole(
        "Razorpay key, and the secret beside it",
        "rzp_",
        r"(?:live|test)_[A-Za-z0-9]{14}:[A-Za-z0-9]{20,}+",
        "https://razorpay.com/docs/api/authentication/",
    ),
    _whole(
        "LinkedIn client secret",
        "WPL_AP",
        r"[0-9]\.[A-Za-z0-9]{16}\.[A-Za-z0-9+/]{6,}+={0,2}",
        "https://learn.microsoft.com/en-us/linkedin/shared/authentication/",
    ),
    _whole("Jenkins API token", "11", r"[0-9a-f]{32}", "https://www.jenkins.io/doc/book/using/", "A-Za-z0-9"),
    _whole(
        "Rancher API token",
        "token-",
        r"[a-z0-9]{5}:[a-z0-9]{54}",
        "https://ranchermanager.docs.rancher.com/reference-guides/user-settings/api-keys",
    ),
    _whole("Adyen API key, in full", "AQE", r"[A-Za-z0-9+/=-]{80,}+", "https://docs.adyen.com/development-resources/"),
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
    # JSON in Base64, once or twice: JWT, JWS, JWE, key files, what Docker and Kubernetes store
    *(
        Shape(
            f"JSON in Base64, {starts}",
            starts,
            rf"{starts}(?<![A-Za-z0-9]{starts})[A-Za-z0-9+/_=-]{{10,}}+(?:\.\.?[A-Za-z0-9+/_=-]{{1,}}+){{0,4}}",
            "https://www.rfc-editor.org/rfc/rfc7515",
        )
        for starts in ("eyJ", "eyAi", "ewog", "ewoJ", "ew0K", "ZXlK", "W3si")
    ),
    # Where code lives and is built
    _whole(
        "GitHub App installation token, stateless",
        "ghs_",
        r"[0-9]{1,12}_eyJ[A-Za-z0-9_-]{10,1000}\.[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,}+",
        "https://github.blog/changelog/2026-04-24-notice-about-upcoming-new-format-for-github-app-installation-tokens/",
        _ALNUM,
    ),
    _whole(
        "GitLab personal access token, routable",
        "glpat-",
        r"[A-Za-z0-9_-]{27,300}\.[0-9a-z]{2}\.?[0-9a-z]{7,9}",
        "gitleaks",
        _ALNUM,
    ),
    _whole(
        "GitLab runner authentication token, routable",
        "glrt-",
        r"t[0-9]_[A-Za-z0-9_-]{27,300}\.[0-9a-z]{2}\.?[0-9a-z]{7,9}",
        "gitleaks",
        _ALNUM,
    ),
    _whole("Bitbucket app password", "ATBB", _DIGIT + r"[A-Za-z0-9]{26,40}", "noseyparker"),
    _whole("Buildkite API access token", "bkua_", r"(?:[A-Za-z0-9]{2,16}\.)?[a-z0-9]{40,}+", "buildkite"),
    _whole("Buildkite agent access token", "bkaa_", r"(?:[A-Za-z0-9]{2,16}\.)?[A-Za-z0-9_-]{56,}+", "buildkite"),
    _whole("Buildkite unclustered agent token", "bkar_", r"(?:[A-Za-z0-9]{2,16}\.)?[A-Za-z0-9_-]{56,}+", "buildkite"),
    _whole("Buildkite agent token", "bkct_", r"(?:[A-Za-z0-9]{2,16}\.)?[A-Za-z0-9_-]{56,}+", "buildkite"),
    _whole("Octopus Deploy API key", "API-", _DIGIT + r"[A-Z0-9]{26,40}", "gitleaks", _WORD),
    _whole("NuGet API key", "oy2", r"[a-z0-9]{43}", "noseyparker"),
    _whole("Cargo registry token", "cio", _DIGIT + _CAPITAL + r"[A-Za-z0-9]{32}", "noseyparker"),
    _whole("StackHawk API key", "hawk.", r"[A-Za-z0-9_-]{20}\.[A-Za-z0-9_-]{20}", "noseyparker"),
    _whole("Harness personal token", "pat.", r"[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}", "gitleaks"),
    _whole("Harness service account token", "sat.", r"[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}", "gitleaks"),
    _whole("LaunchDarkly SDK key", "sdk-", _UUID, "trufflehog", _WORD),
    _whole("LaunchDarkly API key", "api-", _UUID, "trufflehog", _WORD),
    _whole(
        "Statsig server secret",
        "secret-",
        _RANDOM + r"[A-Za-z0-9]{40,50}",
        "https://docs.statsig.com/access-management/api-keys",
        _WORD,
    ),
    _whole("Infracost API key", "ico-", _DIGIT + r"[A-Za-z0-9]{32}", "gitleaks", _WORD),
    # Where programs and data live
    _whole("Databricks personal access token", "dapi", r"[0-9a-f]{32}(?:-[0-9])?", "gitleaks", _ALNUM),
    _whole(
        "Vault service token, of old", "s.", _RANDOM + r"[A-Za-z0-9]{24}(?![.(][A-Za-z0-9_])", "vault", "A-Za-z0-9_."
    ),
    _whole("Vault batch token, of old", "b.", r"AAAAAQ[A-Za-z0-9_-]{60,}+", "vault", "A-Za-z0-9_."),
    Shape(
        "HCP Terraform API token",
        ".atlasv1.",
        r"(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{45,}+",
        "gitleaks",
    ),
    _azure_64("Storage account key", "+ASt"),
    _azure_64("Batch key", "+ABa"),
    _azure_64("Machine Learning classic key", "+AMC"),
    _azure_64("Cosmos DB key", "ACDb"),
    _azure_64("API Management key", "APIM"),
    _azure_32("Cache for Redis key", "AzCa"),
    _azure_32("IoT Hub key", "AIoT"),
    _azure_32("Service Bus key", "+ASb"),
    _azure_32("Event Hubs key", "+AEh"),
    _azure_32("Relay key", "+ARm"),
    _azure_32("Event Grid key", "AZEG"),
    _azure("Container Registry key", "+ACR", r"[A-Za-z0-9+/]{42}\+ACR[A-Za-z0-9+/]{6}"),
    _azure("AI Search key", "AzSe", r"[A-Za-z0-9]{42}AzSe[A-D][A-Za-z0-9]{5}"),
    _azure("Functions key", "AzFu", r"[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{5}[AQgw]=="),
    _azure("annotated key", "JQQJ9", r"[A-Za-z0-9]{52}JQQJ9[9DH][A-Za-z0-9]{26}(?:[A-Za-z0-9]{2}==)?"),
    _azure("DevOps personal access token", "AZDO", r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}"),
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
    _whole("Cloudflare origin CA key", "v1.0-", r"[0-9a-f]{24}-[0-9a-f]{146}", "gitleaks"),
    _whole(
        "Alibaba Cloud access key, and the secret beside it",
        "LTAI",
        r"[A-Za-z0-9]{12,26}(?![A-Za-z0-9])(?:[^A-Za-z0-9]{1,8}[A-Za-z0-9]{30})?",
        "betterleaks",
    ),
    _whole(
        "Tencent Cloud secret id, and the key beside it",
        "AKID",
        _DIGIT + r"[A-Za-z0-9]{32}(?![A-Za-z0-9])(?:[^A-Za-z0-9]{1,8}[A-Za-z0-9]{32})?",
        "https://www.tencentcloud.com/document/product/598/32675",
    ),
    _whole(
        "Google Cloud Storage HMAC key, and the secret beside it",
        "GOOG",
        r"[A-Z0-9]{20,57}(?![A-Za-z0-9])(?:[^A-Za-z0-9+/]{1,8}[A-Za-z0-9+/]{40})?",
        "https://cloud.google.com/storage/docs/authentication/hmackeys",
    ),
    _whole(
        "Scaleway access key, and the secret beside it",
        "SCW",
        _DIGIT + rf"[A-Z0-9]{{17}}(?![A-Za-z0-9])(?:[^A-Za-z0-9]{{1,8}}{_UUID})?",
        "https://www.scaleway.com/en/docs/iam/concepts/",
    ),
    _whole(
        "Yandex Cloud IAM token",
        "t1.",
        r"[A-Za-z0-9_-]{16,800}={0,2}\.[A-Za-z0-9_-]{86}={0,2}",
        "gitleaks",
        "A-Za-z0-9_.",
    ),
    _whole(
        "Yandex Cloud static access key id",
        "YCAJE",
        r"[A-Za-z0-9_-]{20}",
        "https://yandex.cloud/en/docs/iam/concepts/authorization/access-key",
        _WORD,
    ),
    _whole("Yandex Cloud static access key", "YC", _RANDOM + r"[A-Za-z0-9_-]{38}", "gitleaks", _WORD),
    _whole(
        "Yandex OAuth token",
        "y0_",
        _RANDOM + r"[A-Za-z0-9_-]{50,60}",
        "https://yandex.cloud/en/docs/iam/concepts/authorization/oauth-token",
        _WORD,
    ),
    _whole("AppSync API key", "da2-", _DIGIT + r"[a-z0-9]{26}", "noseyparker", _WORD),
    _whole("Doppler service token", "dp.st.", r"(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}", "trufflehog"),
    _whole(
        "1Password secret key",
        "A3-",
        r"[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}",
        "gitleaks",
        _WORD,
    ),
    _whole("Dynatrace token", "dt0", r"[a-z][0-9]{2}\.[A-Z0-9]{8,24}\.[A-Z0-9]{64}", "noseyparker"),
    _whole("ClickHouse Cloud secret key", "4b1d", _CAPITAL + r"[A-Za-z0-9]{38}", "gitleaks"),
    _whole(
        "Confluent Cloud API secret",
        "cflt",
        _RANDOM + r"[A-Za-z0-9+/]{60}",
        "https://docs.confluent.io/cloud/current/security/authenticate/workload-identities/service-accounts/api-keys/"
        "overview.html",
        "A-Za-z0-9+/_=",
    ),
    _whole("DataStax Astra token", "AstraCS:", r"[A-Za-z0-9]{20,40}(?::[0-9a-f]{64})?", "betterleaks"),
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
        rf"PVEAPIToken=[A-Za-z0-9._-]{{1,64}}@[A-Za-z0-9._-]{{1,64}}![A-Za-z0-9._-]{{1,64}}[=:](?P<secret>{_UUID})",
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
        rf"(?<![A-Za-z0-9_])2{_CAPITAL}{_SMALL}[A-Za-z0-9]{{26}}_[0-9][A-Za-z0-9]{{20}}(?![A-Za-z0-9_])",
        "trufflehog",
    ),
    _whole("Vercel personal access token", "vcp_", _RANDOM + r"[A-Za-z0-9_-]{42,60}", "betterleaks", _WORD),
    _whole("Vercel integration token", "vci_", _RANDOM + r"[A-Za-z0-9_-]{42,60}", "betterleaks", _WORD),
    _whole("Vercel app access token", "vca_", _RANDOM + r"[A-Za-z0-9_-]{42,60}", "betterleaks", _WORD),
    _whole("Vercel app refresh token", "vcr_", _RANDOM + r"[A-Za-z0-9_-]{42,60}", "betterleaks", _WORD),
    _whole("Vercel AI Gateway key", "vck_", _RANDOM + r"[A-Za-z0-9_-]{42,60}", "betterleaks", _WORD),
    _whole("PostHog personal API key", "phx_", _RANDOM + r"[A-Za-z0-9_-]{32,60}", "trufflehog", _WORD),
    _whole("Typeform token", "tfp_", _RANDOM + r"[A-Za-z0-9_-]{40,60}", "gitleaks", _WORD),
    _whole(
        "Stytch secret, live",
        "secret-live-",
        _RANDOM + r"[A-Za-z0-9_-]{32,60}={0,2}",
        "https://stytch.com/docs/api",
        _WORD,
    ),
    _whole(
        "Stytch secret, test",
        "secret-test-",
        _RANDOM + r"[A-Za-z0-9_-]{32,60}={0,2}",
        "https://stytch.com/docs/api",
        _WORD,
    ),
    _whole("Netlify personal access token", "nfp_", _RANDOM + r"[A-Za-z0-9_]{36}", "trufflehog"),
    _whole("Render API key", "rnd_", _RANDOM + r"[A-Za-z0-9]{24,32}", "betterleaks"),
    _whole("Scalingo API token", "tk-us-", _DIGIT + _CAPITAL + r"[A-Za-z0-9_-]{48}", "gitleaks", _WORD),
    _whole("Adafruit IO key", "aio_", _DIGIT + r"[A-Za-z0-9]{28}", "trufflehog"),
    _whole("Nightfall API key", "NF-", _DIGIT + r"[A-Za-z0-9]{32}", "trufflehog", _WORD),
    _whole("FullStory API key", "na1.", _RANDOM + r"[A-Za-z0-9+/]{100}", "trufflehog"),
    _whole(
        "Modal token id", "ak-", _RANDOM + r"[A-Za-z0-9]{22}", "https://modal.com/docs/reference/modal.config", _WORD
    ),
    _whole(
        "Modal token secret",
        "as-",
        _RANDOM + r"[A-Za-z0-9]{22}",
        "https://modal.com/docs/reference/modal.config",
        _WORD,
    ),
    # Models
    _whole(
        "OpenAI, DeepSeek, Stability or Kimi key",
        "sk-",
        r"(?=[A-Za-z]{0,19}[0-9])[A-Za-z0-9]{20}[A-Za-z0-9_-]*+",
        "gitleaks",
        _WORD,
    ),
    _whole(
        "LiteLLM key", "sk-", _RANDOM + r"[A-Za-z0-9_-]{22}", "https://docs.litellm.ai/docs/proxy/virtual_keys", _WORD
    ),
    _whole(
        "Fireworks API key",
        "fw_",
        _DIGIT + r"[A-Za-z0-9]{20,30}",
        "https://docs.fireworks.ai/api-reference/introduction",
        _WORD,
    ),
    _whole("Firecrawl API key", "fc-", r"[0-9a-f]{32}", "noseyparker", _WORD),
    _whole(
        "Voyage API key",
        "pa-",
        _RANDOM + r"[A-Za-z0-9_-]{43}",
        "https://docs.voyageai.com/docs/api-key-and-installation",
        _WORD,
    ),
    _whole("Nomic API key", "nk-", _RANDOM + r"[A-Za-z0-9_-]{43}", "https://docs.nomic.ai/", _WORD),
    _whole("ElevenLabs API key", "sk_", r"[0-9a-f]{48}", "trufflehog"),
    _whole("Photoroom API key", "sk_pr_", r"[A-Za-z0-9]{1,64}_[0-9a-f]{40}", "trufflehog"),
    _whole("Cursor API key", "key_", r"[0-9a-f]{64}", "betterleaks"),
    # Payments and shops
    _whole("Square access token", "EAAA", _RANDOM + r"[A-Za-z0-9_-]{60}", "gitleaks", "A-Za-z0-9+/_-"),
    _whole("Stripe client secret of a payment", "pi_", r"[A-Za-z0-9]{24}_secret_[A-Za-z0-9]{25}", "trufflehog"),
    _whole("Checkout.com secret key", "sk_", rf"(?:test_)?{_UUID}", "betterleaks", _WORD),
    _whole("Recharge API token", "sk_", r"(?:test_)?[0-9]{1,2}x[123]_[0-9a-f]{64}", "trufflehog"),
    _whole("Lob API key, live", "live_", r"[0-9a-f]{35}", "gitleaks"),
    _whole("Lob API key, test", "test_", r"[0-9a-f]{35}", "gitleaks"),
    _whole("GoCardless access token", "live_", _RANDOM + r"[A-Za-z0-9_-]{40}", "gitleaks", _WORD),
    _whole("Plaid access token", "access-", rf"(?:production|development|sandbox)-{_UUID}", "gitleaks", _WORD),
    _whole(
        "Mercado Pago access token",
        "APP_USR-",
        r"[0-9]{12,18}-[0-9]{6}-[0-9a-f]{32}-[0-9]{6,12}",
        "https://www.mercadopago.com/developers/en/docs/your-integrations/credentials",
    ),
    _whole(
        "Braintree access token",
        "access_token$production$",
        r"[0-9a-z]{16}\$[0-9a-f]{32}",
        "https://developer.paypal.com/braintree/docs/guides/authorization/overview",
    ),
    _whole(
        "Adyen API key",
        "AQE",
        r"[a-z]hm[A-Za-z0-9+/]{60,160}={0,2}-[A-Za-z0-9+/]{40,50}={0,2}-[!#-&(-;=?-~]{7,31}[!#-&(-\-/-;=?-~]",
        "https://docs.adyen.com/development-resources/api-credentials/",
        _ALNUM,
    ),
    _whole("Courier API key", "pk_", r"(?:prod|test)_[A-Z0-9]{28}", "trufflehog"),
    # Mail and messages
    _whole("SendGrid API key", "SG.", r"[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,}+", "noseyparker", _ALNUM),
    _whole("Mailgun API key, of old", "key-", _DIGIT + r"[0-9a-z]{32}", "trufflehog", _WORD),
    Shape(
        "Mailgun API key",
        "-",
        r"(?<![A-Za-z0-9_-])[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}(?![A-Za-z0-9_-])",
        "trufflehog",
    ),
    Shape("Mailchimp API key", "-us", r"(?<![A-Za-z0-9_-])[0-9a-f]{32}-us[0-9]{1,2}(?![A-Za-z0-9_-])", "gitleaks"),
    _whole(
        "Resend API key",
        "re_",
        _DIGIT + r"[A-Za-z0-9]{8}_[A-Za-z0-9]{24}",
        "https://resend.com/docs/dashboard/api-keys/introduction",
    ),
    _whole("Klaviyo private key", "pk_", r"[0-9a-f]{34}", "trufflehog"),
    _whole("Twilio API key", "SK", r"[0-9a-f]{32}", "gitleaks"),
    Shape(
        "Discord bot token",
        ".",
        (
            r"(?<![A-Za-z0-9_-])[MNO](?=[A-Za-z_-]{0,20}[0-9])[A-Za-z0-9_-]{23,25}\."
            r"[A-Za-z0-9_-]{6}\." + _RANDOM + r"[A-Za-z0-9_-]{27,}+"
        ),
        "detect-secrets",
    ),
    Shape("DeepL API key", ":fx", rf"(?<![A-Za-z0-9-]){_UUID}:fx\b", "https://developers.deepl.com/docs"),
    Shape("Telegram bot token", ":A", r"(?<![0-9])[0-9]{8,10}:A[A-Za-z0-9_-]{34}(?![A-Za-z0-9_-])", "gitleaks"),
    _whole(
        "Facebook access token",
        "EAA",
        r"(?!A{8})" + _RANDOM + r"[A-Za-z0-9]{80,}+",
        "gitleaks",
        "A-Za-z0-9+/_-",
    ),
    Shape(
        "Facebook app access token",
        "|",
        rf"(?<![A-Za-z0-9_])[0-9]{{15,16}}\|{_RANDOM}[A-Za-z0-9_-]{{27}}(?![A-Za-z0-9_-])",
        "gitleaks",
    ),
    _whole("X bearer token", "A" * 20, r"[A-Za-z0-9%]{20,80}%3D[A-Za-z0-9]{40,60}", "gitleaks", "A-Za-z0-9%+/"),
    _whole("Twitch stream key", "live_", r"[0-9]{8,12}_[A-Za-z0-9]{30,36}", "noseyparker"),
    # Tools of teams
    _whole("Salesforce access token", "00D", r"[A-Za-z0-9]{12}![A-Za-z0-9._-]{79,259}[A-Za-z0-9_-]", "betterleaks"),
    _whole("Salesforce refresh token", "5Aep861", r"[A-Za-z0-9._=-]{39,259}[A-Za-z0-9_=-]", "trufflehog"),
    _whole("Airtable personal access token", "pat", r"[A-Za-z0-9]{14}\.[0-9a-f]{64}", "gitleaks"),
    Shape(
        "Airtable OAuth token",
        ".v1.",
        r"(?<![A-Za-z0-9_.-])[A-Za-z0-9]{10,24}\.v1\.[A-Za-z0-9_-]{16,400}\.[0-9a-f]{40,128}(?![A-Za-z0-9_])",
        "trufflehog",
    ),
    _whole("Notion token, of old", "secret_", r"[A-Za-z0-9]{43}", "trufflehog"),
    _whole("HubSpot private app token, Europe", "pat-eu1-", _UUID, "trufflehog", _WORD),
    _whole("HubSpot private app token, America", "pat-na1-", _UUID, "trufflehog", _WORD),
    _whole("Okta API token", "00", _RANDOM + r"[A-Za-z0-9_-]{40}", "gitleaks", _WORD),
    Shape(
        "Asana token",
        "/",
        r"(?<![A-Za-z0-9_/.-])[0-9]/[0-9]{13,20}(?:/[0-9]{13,20})?:[0-9a-f]{32}(?![A-Za-z0-9_-])",
        "trufflehog",
    ),
    _whole("Dropbox access token", "sl.", r"(?:u\.)?[A-Za-z0-9_-]{130,}+", "noseyparker", "A-Za-z0-9_."),
    _whole("Close API key", "api_", r"[A-Za-z0-9]{22}\.[A-Za-z0-9]{22}", "trufflehog"),
    _whole("ClickUp personal token", "pk_", r"[0-9]{7,9}_[A-Z0-9]{32}", "noseyparker"),
    _whole("Voiceflow API key", "VF.", r"(?:(?:DM|WS)\.)?[0-9a-fA-F]{24}\.[A-Za-z0-9]{16}", "noseyparker"),
    _whole("Zoho access or refresh token", "1000.", r"[0-9a-f]{32}\.[0-9a-f]{32}", "trufflehog"),
    _whole("Robinhood crypto API key", "rh-api-", _UUID, "trufflehog", _WORD),
    # Secrets that have been hashed, encrypted or encoded
    _whole("bcrypt hash", "$2", r"[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53}", "crypt", _ALNUM),
    _whole("MD5 crypt hash", "$1$", r"[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}", "crypt", _ALNUM),
    _whole(
        "Apache MD5 hash",
        "$apr1$",
        r"[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}",
        "https://httpd.apache.org/docs/2.4/misc/password_encryptions.html",
        _ALNUM,
    ),
    _whole(
        "SHA-256 crypt hash", "$5$", r"(?:rounds=[0-9]{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43}", "crypt", _ALNUM
    ),
    _whole(
        "SHA-512 crypt hash", "$6$", r"(?:rounds=[0-9]{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{86}", "crypt", _ALNUM
    ),
    _whole("yescrypt hash", "$y$", r"[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{1,86}\$[./A-Za-z0-9]{43}", "crypt", _ALNUM),
    _whole(
        "Argon2 hash",
        "$argon2",
        r"(?:id|i|d)\$v=[0-9]{1,3}\$m=[0-9]{1,8},t=[0-9]{1,5},p=[0-9]{1,5}\$[A-Za-z0-9+/]{11,64}\$[A-Za-z0-9+/]{16,}+",
        "https://github.com/P-H-C/phc-string-format",
        _ALNUM,
    ),
    _whole(
        "Django PBKDF2 hash",
        "pbkdf2_sha256$",
        r"[0-9]{1,9}\$[A-Za-z0-9]{1,64}\$[A-Za-z0-9+/]{43}=",
        "https://docs.djangoproject.com/en/stable/topics/auth/passwords/",
    ),
    _whole(
        "Werkzeug PBKDF2 hash",
        "pbkdf2:sha",
        r"[0-9]{1,3}(?::[0-9]{1,9})?\$[A-Za-z0-9]{1,64}\$[0-9a-f]{40,128}",
        "https://werkzeug.palletsprojects.com/en/stable/utils/#module-werkzeug.security",
    ),
    _whole(
        "Werkzeug scrypt hash",
        "scrypt:",
        r"[0-9]{1,9}:[0-9]{1,4}:[0-9]{1,4}\$[A-Za-z0-9]{1,64}\$[0-9a-f]{128}",
        "https://werkzeug.palletsprojects.com/en/stable/utils/#module-werkzeug.security",
    ),
    _whole(
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
    _whole(
        "MySQL SHA-2 password hash",
        "$A$005$",
        r"[^\r\n]{20}[./A-Za-z0-9]{43}",
        "https://dev.mysql.com/doc/refman/8.0/en/caching-sha2-pluggable-authentication.html",
        _ALNUM,
    ),
    _whole("LDAP salted SHA hash", "{SSHA}", r"[A-Za-z0-9+/]{32,64}={0,2}", "https://www.rfc-editor.org/rfc/rfc2307"),
    _whole("LDAP SHA hash", "{SHA}", r"[A-Za-z0-9+/]{27}=", "https://www.rfc-editor.org/rfc/rfc2307"),
    _whole(
        "Fernet token",  # its time of issue is in the first bytes, so that the eighth character is one of these
        "gAAAAAB",
        r"[Q-Za-z0-9_-][A-Za-z0-9_-]{60,}+={0,2}",
        "https://github.com/fernet/spec",
        "A-Za-z0-9+/_-",
    ),
    _whole("JSON web token, in Base64 again", "ZXlK", r"[A-Za-z0-9+/_-]{60,}+={0,2}", "gitleaks", "A-Za-z0-9+/_-"),
)
