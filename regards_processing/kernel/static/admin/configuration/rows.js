"use strict";
// Adds a blank row to a list of rows: a copy of its template, with the next number.
document.querySelectorAll("[data-add-row]").forEach((button) => {
  button.addEventListener("click", () => {
    const prefix = button.dataset.addRow;
    const total = document.getElementById(`id_${prefix}-TOTAL_FORMS`);
    const template = document.getElementById(`${prefix}-template`);
    const row = document.createElement("div");
    row.innerHTML = template.innerHTML.replaceAll("__prefix__", total.value);
    button.before(...row.children);
    total.value = Number(total.value) + 1;
  });
});
