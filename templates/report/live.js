// News of a running build, from the server that the page came from.

/** @param {number} i @returns {Promise<Detail>} */
async function fetchDetail(i) {
  const answer = await fetch(`instance?folder=${encodeURIComponent(folderOf(i))}`);
  if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
  return answer.json();
}

/** Asks for news as long as the page is there. @param {() => void} redraw @param {(text: string, more?: string) => void} say */
async function follow(redraw, say) {
  let since = "";
  for (;;) {
    try {
      const answer = await fetch(`news?since=${encodeURIComponent(since)}`);
      if (!answer.ok) throw new Error(String(answer.status));
      const news = await answer.json();
      if (news.document) {
        doc = news.document;
        tree = null;
        index();
        redraw();
      }
      since = news.since;
      say(news.problem ? "the project cannot be compiled" : doc.builds.some((build) => build.running) ? "a build runs" : "", news.problem);
    } catch {
      say("the server has gone");
    }
    await new Promise((done) => setTimeout(done, 700));
  }
}
