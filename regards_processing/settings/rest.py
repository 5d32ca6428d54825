"""The REST interface: bodies, errors, its description, and whose web pages may call it."""

from regards_processing.settings import env

#: Largest body of a request.
REQUEST_MAX_BYTES = env.integer("REQUEST_MAX_BYTES", 16 * 1024 * 1024, minimum=1024)
#: Django's own limit, for forms; ours is checked before.
DATA_UPLOAD_MAX_MEMORY_SIZE = REQUEST_MAX_BYTES
#: How long the total of a search with very many results is remembered (`kernel.rest.totals`).
SEARCH_TOTAL_KEPT = env.integer("SEARCH_TOTAL_KEPT_SECONDS", 5, minimum=0)
#: Rows up to which the total of a search is counted; beyond, it is an estimate.
SEARCH_TOTAL_LIMIT = env.integer("SEARCH_TOTAL_LIMIT", 1_000_000, minimum=1000)

REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "regards_processing.kernel.rest.exception_handler.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "regards_processing.kernel.rest.openapi.EndpointSchema",
    "DEFAULT_RENDERER_CLASSES": ["regards_processing.kernel.rest.renderers.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["regards_processing.kernel.rest.parsers.JsonParser"],
    # The contract knows Accept only; a parameter ``format`` means nothing.
    "URL_FORMAT_OVERRIDE": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Processing platform",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    # Everybody may read the description.
    "SERVE_AUTHENTICATION": [],
    # Swagger UI comes with the platform: no page of it loads anything from elsewhere.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"displayOperationId": True, "filter": True, "persistAuthorization": True},
    "PREPROCESSING_HOOKS": ["regards_processing.kernel.rest.openapi.of_services"],
    "SCHEMA_PATH_PREFIX": "/api/v1/[^/]+",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PATH_CONVERTER_OVERRIDES": {"key": {"type": "string", "minLength": 1}},
    "DISABLE_ERRORS_AND_WARNINGS": False,
}

_ORIGINS = env.origins("CORS_ORIGINS", also=("*", "null", "file://"))
CORS_ALLOW_ALL_ORIGINS = "*" in _ORIGINS
CORS_ALLOWED_ORIGINS = [origin for origin in _ORIGINS if origin != "*"]
CORS_ALLOW_METHODS = ["POST", "PUT", "GET", "OPTIONS", "DELETE"]
CORS_ALLOW_HEADERS = ["authorization", "content-type", "scope"]
CORS_EXPOSE_HEADERS = ["correlation-id", "location"]
CORS_PREFLIGHT_MAX_AGE = 3600
CORS_URLS_REGEX = r"^/api/"
