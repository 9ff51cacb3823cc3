/** Asking workers, and no more often than they answer. */

/**
 * @typedef {{ ask: (task: string, given: object, hear?: (news: any) => void) => Promise<any>, close: () => void }} Client
 */

/**
 * A worker that knows the data, made from the page's own script: a file that is opened by double-click may load no other.
 *
 * @param {import("./data.js").Data} data
 * @returns {Client}
 */
export function client(data) {
  const script = /** @type {HTMLElement} */ (document.getElementById("script")).textContent ?? "";
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = new Worker(address);
  URL.revokeObjectURL(address);
  /** @type {Map<number, { hear?: (news: any) => void, resolve: (done: any) => void }>} */
  const open = new Map();
  let count = 0;
  worker.onmessage = ({ data: { id, news, done } }) => {
    if (news !== undefined) return open.get(id)?.hear?.(news);
    open.get(id)?.resolve(done);
    open.delete(id);
  };
  worker.postMessage({ task: "load", given: data });
  return {
    ask(task, given, hear) {
      const id = count++;
      worker.postMessage({ id, task, given });
      return new Promise((resolve) => open.set(id, { hear, resolve }));
    },
    close: () => worker.terminate(),
  };
}

/**
 * Many moves of a slider become few answers: while one is computed, only the last move is kept. `element` is busy meanwhile.
 *
 * @param {Element} element
 * @param {() => Promise<void>} answer
 */
export function latest(element, answer) {
  let busy = false;
  let again = false;
  return async () => {
    again = true;
    if (busy) return;
    busy = true;
    element.setAttribute("aria-busy", "true");
    try {
      while (again) {
        again = false;
        await answer();
      }
    } finally {
      busy = false;
      element.setAttribute("aria-busy", "false");
    }
  };
}
