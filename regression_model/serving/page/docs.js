// The page works without this: it adds the search, the copy buttons and the form.
const root = new URL("..", import.meta.url); // where the service is mounted
const origin = root.href.replace(/\/$/, "");
const byId = (id) => document.getElementById(id);

for (const code of document.querySelectorAll(".example code")) {
  code.textContent = code.textContent.replaceAll("ORIGIN", origin);
}
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    const text = button.parentElement.querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(button.parentElement.querySelector("code"));
      button.textContent = "Selected";
    }
  });
}

const rows = [...byId("field-table").tBodies[0].rows];
byId("search").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/);
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
  byId("found").textContent = `${rows.filter((row) => !row.hidden).length} fields`;
});

const key = byId("key");
key.value = sessionStorage.getItem("api-key") ?? "";
byId("try-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const headers = { "Content-Type": "application/json" };
  if (key.value) headers["X-API-Key"] = key.value;
  sessionStorage.setItem("api-key", key.value);
  try {
    const answer = await fetch(new URL("api/v1/predict", root), { method: "POST", headers, body: byId("body").value });
    byId("answer").textContent = JSON.stringify(await answer.json(), null, 1);
  } catch (error) {
    byId("answer").textContent = `The service did not answer: ${error.message}`;
  }
});
