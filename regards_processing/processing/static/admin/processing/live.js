"use strict";
// Asks for the end of the log of an execution while it goes on and somebody looks; loads the page again
// when its status or its steps have changed.
document.querySelectorAll("pre[data-live]").forEach((log) => {
  const { live: address, shown } = log.dataset;
  const PAUSE = 3000;
  const end = () => { log.scrollTop = log.scrollHeight; };
  const look = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch(address, { headers: { Accept: "application/json" }, redirect: "error" });
        const told = await answer.json();
        if (told.state !== shown) {
          window.location.reload();
          return;
        }
        const text = told.lines.join("\n");
        if (text && text !== log.textContent) {
          const followed = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
          log.textContent = text;
          if (followed) end();
        }
      } catch (error) {
        // The platform is away, or nobody is logged in any more: the next look may find it.
      }
    }
    setTimeout(look, PAUSE);
  };
  end();
  if (address) setTimeout(look, PAUSE);
});
