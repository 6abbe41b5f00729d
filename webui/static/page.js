/* The small part of the page that moves. Everything here is a convenience: each page works without it.
   data-live="URL" data-every="seconds"   the element's content is fetched anew; numbers and texts are made by the server
   data-patient                            ... and may be away meanwhile: suntap itself is replaced (an answer with X-Again ends it)
   data-most="bytes"                       a file field that refuses larger files before they are sent
   data-busy="text"                       a button that says what it waits for
   data-fetch                             such a button's answer is put into the form's [data-outcome]
   data-scripts                           shown only where scripts run
   data-show="selector"                   a box that shows what is typed into these password fields
   data-go="URL"                          a field that leads to the URL, DAY in it replaced by its value
   data-guess-zone                        the first visit's form: the browser's zone is the first guess */
"use strict";
(() => {
  const lost = document.getElementById("lost");
  let good = performance.now();

  const connection = (works) => {
    document.body.classList.toggle("stale", !works);
    if (works) { good = performance.now(); lost.hidden = true; return; }
    const minutes = Math.round((performance.now() - good) / 60000);
    lost.querySelector("span").textContent = minutes < 1 ? lost.dataset.soon : lost.dataset.minutes.replace("NUMBER", minutes);
    lost.hidden = false;
    for (const title of document.querySelectorAll(".now h1")) title.textContent = lost.dataset.title;   // until the next answer
    for (const age of document.querySelectorAll(".age")) age.textContent = lost.dataset.age;
    for (const place of document.querySelectorAll("[data-live]")) delete place.dataset.shown;
  };

  const refresh = async (place) => {
    try {
      const answer = await fetch(place.dataset.live, { headers: { Accept: "text/html" }, cache: "no-store", redirect: "manual",
        signal: AbortSignal.timeout(20000) });
      if (answer.type === "opaqueredirect" || answer.headers.has("X-Again")) { location.reload(); return; }   // a login is asked for; it is over
      if (!answer.ok) throw new Error(answer.status);
      const text = await answer.text();
      if (place.dataset.shown !== text) {   // an unchanged text must not make a screen reader speak again
        place.dataset.shown = text;
        const parsed = new DOMParser().parseFromString(text, "text/html");
        place.replaceChildren(...parsed.body.childNodes);
        place.dispatchEvent(new CustomEvent("refreshed", { bubbles: true }));
      }
      connection(true);
    } catch (error) {
      if (!("patient" in place.dataset)) connection(false);
      else for (const banner of place.querySelectorAll(".banner")) banner.textContent = lost.dataset.again;
      delete place.dataset.shown;
    }
  };

  for (const place of document.querySelectorAll("[data-live]")) {
    const every = 1000 * Number(place.dataset.every || 10);
    const again = async () => {
      if (!document.hidden) await refresh(place);
      setTimeout(again, every);
    };
    setTimeout(again, every);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(place); });
  }

  const busy = (button) => {
    const text = button.textContent;
    button.setAttribute("aria-busy", "true");
    button.textContent = button.dataset.busy;
    setTimeout(() => { button.disabled = true; });
    return () => { button.removeAttribute("aria-busy"); button.textContent = text; button.disabled = false; };
  };

  const ask = async (form, button) => {   // the form stays as it is, and so does the key typed into it
    const done = busy(button), place = form.querySelector("[data-outcome]");
    try {
      const answer = await fetch(button.formAction, { method: "POST", body: new FormData(form, button), headers: { "X-Fragment": "1" } });
      if (answer.headers.get("X-Go")) { location.href = answer.headers.get("X-Go"); return; }
      if (answer.redirected || answer.status >= 400) { location.reload(); return; }
      place.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
      connection(true);
    } catch (error) { connection(false); }
    done();
  };

  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    for (const field of event.target.querySelectorAll("input[data-most]")) {
      const large = [...field.files].some((file) => file.size > Number(field.dataset.most));
      field.parentElement.querySelector(".error").hidden = !large;
      if (large) { event.preventDefault(); return; }
    }
    if (!button || !button.dataset.busy) return;
    if ("fetch" in button.dataset) { event.preventDefault(); ask(event.target, button); }
    else busy(button);
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  const form = document.querySelector("[data-guess-zone]");
  if (form) {
    const field = form.querySelector("[data-zone]");
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const known = [...document.querySelectorAll("#zones option")].some((option) => option.value === zone);
    if (known && zone !== field.value) { field.value = zone; }
    if (known) document.getElementById("zone-guess").hidden = false;
  }

  for (const place of document.querySelectorAll(".scroll-bars")) {     // on a phone a month is wider than the screen
    const bar = place.querySelector(".chosen rect");
    if (bar) place.scrollLeft = bar.getBoundingClientRect().left - place.getBoundingClientRect().left - place.clientWidth / 2;
  }
  for (const field of document.querySelectorAll("[data-scripts]")) field.hidden = false;
  for (const box of document.querySelectorAll("[data-show]")) box.addEventListener("change", () => {
    for (const field of document.querySelectorAll(box.dataset.show)) field.type = box.checked ? "text" : "password";
  });

  for (const picker of document.querySelectorAll("[data-go]")) picker.addEventListener("change", () => { if (picker.value) location.href = picker.dataset.go.replace("DAY", picker.value); });
})();
