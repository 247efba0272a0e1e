// Draws the API's documentation; a session's calls carry the CSRF token as the API asks for it.
"use strict";

const place = document.getElementById("api-docs");
const csrf = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));

window.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  validatorUrl: null,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  requestInterceptor: (request) => {
    if (csrf && request.method !== "GET") {
      request.headers["X-CSRFToken"] = csrf.slice("csrftoken=".length);
    }
    return request;
  },
});
