// Before anything is painted: light or dark as chosen here, else as the system says.
"use strict";
document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";
