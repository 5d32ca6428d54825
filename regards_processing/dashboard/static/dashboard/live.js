"use strict";
// Asks for the panels every few seconds while the page is seen. What comes is HTML that the server has escaped.
(function () {
  const PATIENCE = 15000;
  const LONGEST = 30000;
  const panels = document.getElementById("panels");
  const state = document.getElementById("state");
  const refresh = Number(panels.dataset.refresh) * 1000;
  let etag = null;
  let failures = 0;
  let timer = null;
  let asking = false;
  let lastHeard = new Date();

  function clock(moment) {
    return moment.toTimeString().slice(0, 8);
  }

  function tell(kind, text) {
    state.dataset.state = kind;
    if (state.textContent !== text) {
      state.textContent = text;
    }
  }

  function wait() {
    window.clearTimeout(timer);
    const longer = Math.min(LONGEST, refresh * 2 ** failures);
    timer = window.setTimeout(ask, failures ? Math.max(refresh, longer) : refresh);
  }

  function show(html) {
    const focused = document.activeElement;
    const href = panels.contains(focused) ? focused.getAttribute("href") : null;
    const scrolled = Array.from(panels.querySelectorAll(".table"), (table) => table.scrollLeft);
    panels.innerHTML = html;
    panels.querySelectorAll(".table").forEach((table, place) => {
      table.scrollLeft = scrolled[place] || 0;
    });
    const same = href && Array.from(panels.querySelectorAll("a")).find((a) => a.getAttribute("href") === href);
    if (same) {
      same.focus({ preventScroll: true });
    }
  }

  function signedOut() {
    const link = document.createElement("a");
    const back = window.location.pathname + window.location.search;
    link.href = panels.dataset.login + "?next=" + encodeURIComponent(back);
    link.textContent = "Sign in again";
    tell("lost", "");
    state.append("Signed out: nothing below is new. ", link);
    panels.dataset.stale = "yes";
  }

  async function look() {
    const headers = etag ? { "If-None-Match": etag } : {};
    const signal = AbortSignal.timeout(PATIENCE);
    const answer = await fetch(panels.dataset.address, { headers, signal, cache: "no-store", redirect: "error" });
    if (answer.status === 401 || answer.status === 403) {
      return false;
    }
    if (answer.status !== 304 && !answer.ok) {
      throw new Error("the server answers " + answer.status);
    }
    if (answer.status !== 304) {
      show(await answer.text());
      etag = answer.headers.get("ETag");
    }
    return true;
  }

  async function ask() {
    if (asking || document.hidden) {
      return;
    }
    asking = true;
    try {
      if (!(await look())) {
        signedOut();
        return;
      }
      failures = 0;
      lastHeard = new Date();
      delete panels.dataset.stale;
      tell("live", "Live");
      state.title = "As of " + clock(lastHeard);
    } catch (error) {
      failures += 1;
      panels.dataset.stale = "yes";
      tell("lost", "Server lost: nothing below is newer than " + clock(lastHeard));
    } finally {
      asking = false;
    }
    wait();
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      window.clearTimeout(timer);
      tell("plain", "Paused while hidden");
    } else {
      failures = 0;
      ask();
    }
  });
  document.getElementById("tenant").addEventListener("change", (event) => event.target.form.submit());
  document.querySelector("#scope button").hidden = true;
  tell("live", "Live");
  wait();
})();
