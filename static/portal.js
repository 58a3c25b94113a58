// What the pages do beyond htmx; everything works without it.
"use strict";
