"""The web server: admin and static files."""

from regards_processing.settings import env, places

SECRET_KEY = env.secret("SECRET_KEY", kept_in=places.generated_secret("django"))
#: Keys of before: what was signed or encrypted with them is still read.
SECRET_KEY_FALLBACKS = env.names("SECRET_KEY_FALLBACKS")
DEBUG = env.boolean("DEBUG", default=False)
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")
PORT = env.integer("PORT", 8000, minimum=1, maximum=65_535)
