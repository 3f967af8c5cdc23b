"use strict";

(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const LEVELS = data.levels;
  const QUIET = LEVELS.indexOf("unobserved"); // from here on nothing was found, or looked for
  const quietOnly = () => new Set(LEVELS.map((_, level) => level).filter((level) => level >= QUIET));
  const word = (level) => LEVELS[level] === "unobserved" ? "not observed" : LEVELS[level];
  const byId = (id) => document.getElementById(id);
  const main = byId("main");
  const grid = byId("grid");
  const body = byId("grid-body");
  const detail = byId("detail");
  const layout = document.querySelector(".layout");
  const narrow = window.matchMedia("(max-width: 860px)");

  const findings = data.rows.map((cells, number) => {
    const row = { number };
    data.fields.forEach((field, at) => { row[field] = cells[at]; });
    return row;
  });

  /* What was not observed or skipped is listed like findings, when somebody asks for it. */
  for (const [reason, chart, object, checks, sets] of data.skipped.items) {
    for (const check of checks) {
      findings.push({ number: findings.length, level: data.skipped.reasons[reason][1], check, chart, sets, object,
        message: data.skipped.reasons[reason][0], instead: "", template: "", line: 0, reading: "", port: "",
        container: "", process: "", related: [], reason: "", cure: "", reach: "", urgency: 9 });
    }
  }

  const COLUMNS = [
    ["level-cell", "Level", (row) => row.level],
    ["check", "Check", (row) => row.check],
    ["chart", "Chart", (row) => row.chart],
    ["object", "Object", (row) => row.object],
    ["finding", "Finding", (row) => row.message],
    ["where", "Where", (row) => where(row)],
  ];
  const state = { chart: -1, set: -1, check: -1, off: quietOnly(), words: [], sort: 0, down: false, shown: [], active: -1, opened: null };

  function make(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key === "class") made.className = value;
      else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  const where = (row) => row.template + (row.line ? `:${row.line}` : "");
  const setNames = (row) => row.sets.map((at) => data.charts[row.chart].sets[at].name);
  const badge = (row) => make("span", { class: `level ${LEVELS[row.level]}` }, word(row.level));

  /* ---- which findings are shown ---- */

  function haystack(row) {
    row.text ??= [data.checks[row.check].name, data.charts[row.chart].path, ...setNames(row), row.object,
      row.message, row.template, row.reading, row.port, row.reason].join("\n").toLowerCase();
    return row.text;
  }

  function inScope(row) {
    return (state.chart < 0 || row.chart === state.chart) && (state.set < 0 || row.sets.includes(state.set));
  }

  /* The findings of every chart, and all of them in the chosen order, sorted when it is chosen. */
  const ofChart = data.charts.map(() => []);
  for (const row of findings) ofChart[row.chart].push(row);
  let ordered = findings;

  function order() {
    const key = COLUMNS[state.sort][2];
    const way = state.down ? -1 : 1;
    const keyed = findings.map((row) => [key(row), row]);
    /* What is equal: first what any pod of the cluster reaches, loopback last. */
    keyed.sort(([one, a], [other, b]) => way * (one < other ? -1 : one > other ? 1 : 0) || a.urgency - b.urgency || a.number - b.number);
    ordered = keyed.map(([, row]) => row);
  }

  const worded = (row) => state.words.every((word) => haystack(row).includes(word));
  const checked = (row) => state.check < 0 || row.check === state.check;
  const leveled = (row) => !state.off.has(row.level);
  const usual = () => state.off.size === LEVELS.length - QUIET && [...state.off].every((level) => level >= QUIET);

  function update() {
    const scope = ordered.filter(inScope);
    /* Every count says what choosing it would show, the other filters as they are. */
    const levels = LEVELS.map(() => 0);
    const present = LEVELS.map(() => false);
    const checks = data.checks.map(() => 0);
    state.shown = [];
    let all = 0;
    for (const row of scope) {
      present[row.level] = true;
      if (row.level < QUIET || leveled(row)) all += 1;
      if (!worded(row)) continue;
      if (checked(row)) levels[row.level] += 1;
      if (leveled(row)) checks[row.check] += 1;
      if (checked(row) && leveled(row)) state.shown.push(row);
    }
    state.active = -1;
    const count = state.shown.length;
    byId("count").textContent = count === all ? `${count}` : `${count} of ${all}`;
    byId("empty").hidden = count > 0;
    byId("empty").textContent = all ? "No finding matches these filters." : "Nothing was found here.";
    byId("clear").hidden = !state.words.length && state.check < 0 && usual();
    grid.hidden = count === 0;
    grid.setAttribute("aria-rowcount", String(count + 1));
    grid.classList.toggle("in-chart", state.chart >= 0);
    for (const [at, head] of [...byId("grid-head").children].entries()) {
      head.setAttribute("aria-sort", at !== state.sort ? "none" : state.down ? "descending" : "ascending");
    }
    for (const chip of byId("levels").children) {
      const level = Number(chip.dataset.level);
      chip.hidden = !present[level];
      chip.textContent = `${word(level)} ${levels[level]}`;
      chip.setAttribute("aria-pressed", String(!state.off.has(level)));
    }
    for (const option of byId("check-choice").children) {
      const at = Number(option.value);
      if (at >= 0) option.textContent = `${data.checks[at].name} (${checks[at]})`;
    }
    byId("check-choice").value = String(state.check);
    render(true);
  }

  /* ---- the list: only the rows that can be seen are in the document ---- */

  let drawn = "";

  function render(anew) {
    const height = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row"));
    body.style.height = `${state.shown.length * height}px`;
    const top = -body.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / height) - 12);
    const last = Math.min(state.shown.length, Math.max(0, Math.ceil((top + window.innerHeight) / height)) + 12);
    const key = `${first} ${last} ${height}`;
    if (!anew && key === drawn) return;
    drawn = key;
    body.replaceChildren(...state.shown.slice(first, last).map((row, at) => drawnRow(row, first + at, height)));
    mark();
  }

  function drawnRow(row, at, height) {
    const chart = data.charts[row.chart];
    const sets = chart.sets.length > 1 ? make("span", { class: "more" }, row.sets.length === 1 ? ` ${setNames(row)[0]}` : ` ${row.sets.length} sets`) : null;
    const contents = [[badge(row)], [data.checks[row.check].name], [chart.path, sets], [row.object || "the whole chart"], [row.message], [make("bdi", { dir: "ltr" }, where(row))]];
    if (state.chart >= 0) contents[2] = [row.reading, sets];
    const made = make("div", { class: "row", role: "row", id: `row-${row.number}`, "aria-rowindex": String(at + 2) },
      ...COLUMNS.map(([name], n) => make("div", { class: `cell ${name}`, role: "gridcell" }, ...contents[n])));
    made.style.top = `${at * height}px`;
    made.addEventListener("click", () => {
      state.active = at;
      openFinding(row);
      mark();
    });
    return made;
  }

  function mark() {
    const active = state.shown[state.active];
    for (const element of body.children) {
      const number = Number(element.id.slice(4));
      element.classList.toggle("active", active !== undefined && active.number === number);
      element.setAttribute("aria-selected", String(state.opened === number));
    }
    if (active && byId(`row-${active.number}`)) grid.setAttribute("aria-activedescendant", `row-${active.number}`);
    else grid.removeAttribute("aria-activedescendant");
  }

  function moveTo(at) {
    if (!state.shown.length) return;
    state.active = Math.min(Math.max(at, 0), state.shown.length - 1);
    const height = body.offsetHeight / state.shown.length;
    const scroller = narrow.matches ? document.scrollingElement : main;
    const y = body.getBoundingClientRect().top + state.active * height;
    const ceiling = (narrow.matches ? 0 : main.getBoundingClientRect().top) + 70;
    if (y < ceiling) scroller.scrollBy(0, y - ceiling);
    else if (y + height > window.innerHeight - 8) scroller.scrollBy(0, y + height - window.innerHeight + 8);
    render(false);
    mark();
    if (!detail.hidden && state.opened !== null) openFinding(state.shown[state.active]);
  }

  grid.addEventListener("keydown", (event) => {
    if (event.target !== grid) return;
    const page = Math.max(1, Math.floor(window.innerHeight / 60));
    const moves = { ArrowDown: state.active + 1, ArrowUp: state.active - 1, PageDown: state.active + page, PageUp: state.active - page, Home: 0, End: state.shown.length - 1 };
    if (event.key in moves) moveTo(moves[event.key]);
    else if ((event.key === "Enter" || event.key === " ") && state.shown[state.active]) {
      openFinding(state.shown[state.active]);
      mark();
    } else return;
    event.preventDefault();
  });

  /* ---- details ---- */

  let before = null;

  function openPanel(title, ...children) {
    if (detail.hidden) before = document.activeElement;
    detail.replaceChildren(
      make("div", { class: "detail-head" }, make("h2", { class: "grow" }, title),
        make("button", { type: "button", class: "quiet", "aria-label": "Close details", onclick: closePanel }, "✕")),
      ...children);
    detail.hidden = false;
    detail.scrollTop = 0;
    layout.classList.add("detailed");
    refit();
    render(false);
  }

  function closePanel() {
    if (detail.hidden) return;
    detail.hidden = true;
    detail.replaceChildren();
    layout.classList.remove("detailed");
    refit();
    state.opened = null;
    choose("");
    mark();
    render(false);
    if (before && before.isConnected) before.focus();
  }

  function openFinding(row) {
    state.opened = row.number;
    const check = data.checks[row.check];
    openPanel(check.name, finding(row, true));
    choose(row.object);
    mark();
  }

  function openObject(name, like) {
    state.opened = null;
    if (like) {
      const names = like.map((one) => make("li", {}, make("button", { type: "button", class: "link", onclick: () => openObject(one) }, one)));
      openPanel(`${like.length} of a kind`, make("p", { class: "muted" }, "The same containers, ports, Services, policies and findings:"), make("ul", {}, ...names));
      choose(name);
      mark();
      return;
    }
    const of = scoped(name).filter((row) => row.level < QUIET);
    const facts = of.length ? [] : [make("p", { class: "muted" }, "Nothing was found here.")];
    openPanel(name, ...described(name), ...facts, ...of.map((row) => finding(row, false)));
    choose(name);
    mark();
  }

  function finding(row, alone) {
    const check = data.checks[row.check];
    const chart = data.charts[row.chart];
    const parts = [make("p", {}, badge(row), " ", make("span", { class: "muted" }, alone ? row.object : check.name))];
    parts.push(make("p", { class: "message" }, row.message));
    if (row.reason) parts.push(make("h3", {}, "Expected, because"), make("p", {}, row.reason));
    if (row.cure) parts.push(make("h3", {}, "The chart has a value for it"), code(row.cure));
    if (row.instead) parts.push(make("h3", {}, "Instead"), code(row.instead));
    if (check.why) parts.push(make("h3", {}, "Why it matters"), make("p", {}, check.why));
    const facts = [["Chart", chart.path], ["Values", setNames(row).join(", ")], ["Template", where(row)], ["Reading", row.reading],
      ["Port", row.port], ["Answers to", row.reach], ["Container", row.container], ["Process", row.process], ["Others", row.related.join(", ")]];
    parts.push(make("h3", {}, "Where"), make("dl", {}, ...facts.filter(([, said]) => said).flatMap(([term, said]) =>
      [make("dt", {}, term), make("dd", { class: term === "Template" ? "where" : "" }, said)])));
    if (state.chart < 0) {
      const link = make("button", { type: "button", class: "link" }, "Show it in the drawing");
      link.addEventListener("click", () => showInDrawing(row));
      parts.push(make("p", {}, link));
    }
    const page = check.id && document.getElementById(`page-${check.id}`);
    if (page) parts.push(make("details", {}, make("summary", {}, `About ${check.name}`), make("p", {}, check.summary), page.content.cloneNode(true)));
    return make("div", { class: "finding" }, ...parts);
  }

  function code(said) {
    const button = make("button", { type: "button", class: "quiet" }, "Copy");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(said);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Select and copy by hand";
      }
    });
    return make("div", { class: "with-copy" }, make("pre", { tabindex: "0" }, make("code", {}, said)), button);
  }

  function described(name) {
    const picture = currentPicture();
    const workload = picture && picture.workloads.find((one) => one.name === name);
    if (!workload) return [];
    const list = workload.containers.map((container) => make("li", {}, make("strong", {}, container.name), " ", make("code", {}, container.image)));
    return [make("h3", {}, "Containers"), make("ul", {}, ...list)];
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closePanel();
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      byId("search").focus();
    }
  });

  /* ---- one chart ---- */

  const currentSet = () => Math.max(state.set, 0);

  function currentPicture() {
    if (state.chart < 0) return null;
    const set = data.charts[state.chart].sets[currentSet()];
    return set && set.picture >= 0 ? data.pictures[set.picture] : null;
  }

  const scoped = (name) => ofChart[state.chart].filter((row) => row.object === name && row.sets.includes(currentSet()))
    .sort((a, b) => a.level - b.level || a.urgency - b.urgency);

  let zoom = 1;
  let follows = true; // the drawing is as wide as its frame, until somebody chooses another scale

  function setZoom(to) {
    const svg = byId("canvas").firstElementChild;
    if (!svg) return;
    zoom = Math.min(3, Math.max(0.1, to));
    const { width, height } = svg.viewBox.baseVal;
    svg.setAttribute("width", width * zoom);
    svg.setAttribute("height", height * zoom);
  }

  /* The largest scale, 100 % at most, at which the drawing is as wide, or as wide and high, as its frame. */
  function fitting(whole) {
    const canvas = byId("canvas");
    const { width, height } = canvas.firstElementChild.viewBox.baseVal;
    return Math.min(1, canvas.clientWidth / width, whole ? canvas.clientHeight / height : 1);
  }

  function refit() {
    if (follows && byId("canvas").firstElementChild) setZoom(fitting(false));
  }

  function prepareZoom() {
    const steps = { in: () => zoom * 1.25, out: () => zoom / 1.25, fit: () => fitting(true), real: () => 1 };
    for (const button of document.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => {
        follows = false;
        setZoom(steps[button.dataset.zoom]());
      });
    }
    byId("canvas").addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      follows = false;
      setZoom(event.deltaY < 0 ? steps.in() : steps.out());
    }, { passive: false });
    byId("fold").addEventListener("change", drawChart);
  }

  /* ---- who reaches whom ---- */

  let position = null; // where somebody stands in the drawing: -1 to -3 a place, from 0 a workload

  const placeName = (picture, at) => (at < 0 ? data.places[-1 - at] : picture.workloads[at].name);
  const several = (picture, ats) => ats.length > 2
    ? `${placeName(picture, ats[0])} and ${ats.length - 1} more` : ats.map((at) => placeName(picture, at)).join(", ");

  /* A cell of the matrix: its ports in words, and whether one is among them. */
  function cellOf(reach, number) {
    if (number < 0) return null;
    const parts = reach.cells[number];
    const portsOf = (...hows) => parts.filter(([, how]) => hows.includes(how)).flatMap(([ports]) => ports.split(", "));
    const said = portsOf("static", "plugin", "unknown");
    const [proven, refuted] = [portsOf("proven"), portsOf("refuted")];
    const words = said.length ? said : proven;
    const short = words.map((word) => word.replace("TCP ", ""));
    const ranges = words.map((word) => word === "all" ? [null, 1, 65535] : [word.split(" ")[0], ...word.split(" ")[1].split("-").map(Number)]);
    return {
      all: words[0] === "all", proven: proven.length > 0, refuted: words.every((word) => refuted.includes(word)),
      doubtful: !proven.length && !portsOf("static").length,
      label: short.length > 3 ? `${short.slice(0, 2).join(", ")} +${short.length - 2}` : short.join(", "),
      said: parts.map(([ports, how]) => `${ports}${{ static: "", plugin: " (the plugin decides)", unknown: " (not understood)", proven: " (proven)", refuted: " (tried, and did not go through)" }[how]}`).join("; "),
      has: (port, protocol) => ranges.some(([of, first, last = first]) => (of === null || of === protocol) && first <= port && port <= last),
    };
  }

  function standing(picture) {
    const row = position === null ? null : picture.reach.rows.find(([members]) => members.includes(position));
    if (!row) return null;
    const cells = new Map();
    picture.reach.columns.forEach((numbers, at) => {
      const cell = cellOf(picture.reach, row[1][at]);
      for (const number of numbers) cells.set(number, cell && !cell.refuted ? cell : null);
    });
    return { position, name: placeName(picture, position), cell: (number) => cells.get(number), surface: row[2] };
  }

  function surfaceText(reach, [workloads, wide, ports], own) {
    const of = reach.whole[0] - (own ? 1 : 0);
    return `${workloads} of ${of} ${of === 1 ? "workload" : "workloads"}, ${wide} on all ports; ${ports} of ${reach.whole[2]} ports`;
  }

  function drawReach(picture) {
    const { reach } = picture;
    byId("reach").hidden = !reach.columns.length;
    const head = make("tr", {}, make("th", { scope: "col" }, "From"),
      ...reach.columns.map((numbers) => {
        const name = several(picture, numbers);
        const slash = name.indexOf("/") + 1;
        return make("th", { scope: "col", title: numbers.map((at) => placeName(picture, at)).join("\n") },
          make("span", { class: "kind" }, name.slice(0, slash)), name.slice(slash));
      }),
      ...["Workloads", "on all ports", "Ports"].map((title) => make("th", { scope: "col", class: "num" }, title)));
    const rows = reach.rows.map(([members, cells, surface]) => make("tr", {},
      make("th", { scope: "row", title: members.map((at) => placeName(picture, at)).join("\n") },
        make("button", { type: "button", class: "link", "data-stand": String(members[0]) }, several(picture, members))),
      ...cells.map((number, at) => {
        const cell = cellOf(reach, number);
        if (cell) return make("td", { class: `${cell.refuted ? "" : cell.all ? "r-all" : "r-some"}${cell.doubtful ? " doubtful" : ""}`, title: cell.said }, `${cell.refuted ? "✗ " : cell.proven ? "✓ " : ""}${cell.label}`);
        const itself = members.length === 1 && reach.columns[at].length === 1 && members[0] === reach.columns[at][0];
        return make("td", { title: itself ? "itself" : "closed" }, itself ? "·" : "");
      }),
      ...surface.map((count) => make("td", { class: "num" }, String(count)))));
    byId("matrix").replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
    byId("foothold").replaceChildren(make("option", { value: "" }, "nowhere"), ...reach.rows.flatMap(([members]) => members)
      .sort((a, b) => (a < 0 ? -4 - a : a) - (b < 0 ? -4 - b : b))
      .map((at) => make("option", { value: String(at) }, placeName(picture, at))));
    byId("foothold").value = position === null ? "" : String(position);
  }

  function stand(at) {
    position = at;
    drawChart();
  }

  function prepareReach() {
    byId("foothold").addEventListener("change", (event) => stand(event.target.value === "" ? null : Number(event.target.value)));
    byId("matrix").addEventListener("click", (event) => {
      const button = event.target.closest("[data-stand]");
      if (!button) return;
      stand(Number(button.dataset.stand));
      byId("picture").scrollIntoView({ block: "nearest" });
      byId("foothold").focus({ preventScroll: true });
    });
  }

  function drawChart() {
    const picture = currentPicture();
    const canvas = byId("canvas");
    byId("picture").hidden = !picture || !(picture.workloads.length + picture.services.length);
    canvas.replaceChildren();
    byId("reach").hidden = byId("picture").hidden;
    if (byId("picture").hidden) return;
    drawReach(picture);
    const stood = standing(picture);
    byId("reach-said").textContent = stood
      ? `From ${stood.name}: ${surfaceText(picture.reach, stood.surface, position >= 0)}.`
      : "As far as policies decide. Choose a place to see in the drawing what answers from there.";
    const found = (name) => scoped(name).filter((row) => row.level < QUIET)
      .map((row) => ({ level: LEVELS[row.level], port: row.port, message: row.message, row }));
    byId("fold-choice").hidden = Topology.fold(picture, found).workloads.length === picture.workloads.length;
    canvas.append(Topology.draw(picture, {
      found, folded: byId("fold").checked, open: openObject, openPort: (_, one) => openFinding(one.row), stand: stood,
    }));
    follows = true;
    refit();
    canvas.scrollTop = 0;
    const said = [["Policies that take no pod here", picture.idle], ["Policies of a kind that is not read", picture.unread]]
      .filter(([, names]) => names.length).map(([what, names]) => `${what}: ${names.join(", ")}`);
    byId("policies").hidden = !said.length;
    byId("policies").textContent = said.join(" · ");
    for (const item of byId("legend").children) item.hidden = !canvas.querySelector(item.dataset.for);
  }

  const boxes = () => [...byId("canvas").querySelectorAll(".box")];

  function choose(name) {
    for (const box of boxes()) box.classList.toggle("chosen", name !== "" && box.names.includes(name));
  }

  function showInDrawing(row) {
    location.hash = hashOf(row.chart, row.sets[0]);
    applyHash();
    openFinding(row);
    const box = boxes().find((one) => one.names.includes(row.object));
    if (box) box.scrollIntoView({ block: "center" });
  }

  function hashOf(chart, set) {
    const said = `#chart=${encodeURIComponent(data.charts[chart].path)}`;
    return set > 0 ? `${said}&values=${encodeURIComponent(data.charts[chart].sets[set].name)}` : said;
  }

  function applyHash() {
    const given = new URLSearchParams(location.hash.slice(1));
    const chart = data.charts.findIndex((one) => one.path === given.get("chart"));
    const values = given.get("values");
    const set = chart < 0 ? -1 : data.charts[chart].sets.findIndex((one) => one.name === values);
    if (chart === state.chart && set === state.set) return;
    const other = chart !== state.chart;
    Object.assign(state, { chart, set });
    position = null;
    if (other) closePanel();
    showHead();
    drawChart();
    update();
    if (other) main.scrollTop = 0;
  }

  function showHead() {
    const chart = data.charts[state.chart];
    const problem = chart ? chart.sets[currentSet()].error : "";
    byId("title").textContent = chart ? chart.path : "All charts";
    const [ran, tests] = chart ? chart.sets[currentSet()].ran : [0, 0];
    const left = ran < tests ? (ran ? `${ran} of ${tests} tests ran` : "not run") : "";
    byId("subtitle").textContent = chart ? [[chart.name, chart.version].filter(Boolean).join(" "), left].filter(Boolean).join(" · ") : "";
    byId("overview").hidden = Boolean(chart);
    byId("problem").hidden = !problem;
    byId("problem").textContent = problem;
    byId("sets").hidden = !chart || chart.sets.length < 2;
    if (chart) {
      byId("set-choice").replaceChildren(...chart.sets.map((set, at) => make("option", { value: String(at) }, set.name)));
      byId("set-choice").value = String(currentSet());
    }
    for (const item of byId("chart-list").children) {
      const chosen = (item.dataset.chart ?? "-1") === String(state.chart);
      const link = item.firstElementChild;
      if (!chosen) {
        link.removeAttribute("aria-current");
        continue;
      }
      link.setAttribute("aria-current", "page");
      if (!narrow.matches) link.scrollIntoView({ block: "nearest" });
    }
  }

  /* ---- controls ---- */

  function prepareControls() {
    for (const [at, [name, title]] of COLUMNS.entries()) {
      const button = make("button", { type: "button" }, title);
      button.addEventListener("click", () => {
        state.down = state.sort === at && !state.down;
        state.sort = at;
        order();
        update();
      });
      byId("grid-head").append(make("div", { class: `cell ${name}`, role: "columnheader" }, button));
    }
    for (const [level, name] of LEVELS.entries()) {
      const chip = make("button", { type: "button", class: `chip ${name}`, "data-level": String(level) });
      chip.addEventListener("click", () => {
        if (!state.off.delete(level)) state.off.add(level);
        update();
      });
      byId("levels").append(chip);
    }
    byId("check-choice").append(make("option", { value: "-1" }, "All checks"),
      ...data.checks.map((check, at) => make("option", { value: String(at) }, check.name)));
    byId("check-choice").addEventListener("change", (event) => {
      state.check = Number(event.target.value);
      update();
    });
    for (const button of document.querySelectorAll("button[data-check]")) {
      button.addEventListener("click", () => {
        state.check = Number(button.dataset.check);
        update();
        byId("findings").scrollIntoView();
        grid.focus({ preventScroll: true });
      });
    }
    byId("search").addEventListener("input", (event) => {
      state.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
      update();
    });
    byId("clear").addEventListener("click", () => {
      Object.assign(state, { check: -1, off: quietOnly(), words: [] });
      byId("search").value = "";
      update();
    });
    byId("set-choice").addEventListener("change", (event) => { location.hash = hashOf(state.chart, Number(event.target.value)); });
    for (const hidden of document.querySelectorAll(".nav-tools, .toolbar")) hidden.hidden = false;
  }

  function prepareCharts() {
    const list = byId("chart-list");
    const items = [...list.querySelectorAll("li[data-chart]")];
    const weight = data.charts.map(() => 0);
    for (const row of findings) weight[row.chart] += [1e6, 1e3, 1, 0, 0, 0][row.level];
    byId("chart-filter").addEventListener("input", (event) => {
      const wanted = event.target.value.toLowerCase();
      for (const item of items) item.hidden = !data.charts[item.dataset.chart].path.toLowerCase().includes(wanted);
    });
    byId("chart-order").addEventListener("click", (event) => {
      const byFaults = event.target.getAttribute("aria-pressed") !== "true";
      event.target.setAttribute("aria-pressed", String(byFaults));
      event.target.textContent = byFaults ? "By name" : "By faults";
      const order = byFaults ? [...items].sort((a, b) => weight[b.dataset.chart] - weight[a.dataset.chart]) : items;
      list.append(...order);
    });
    if (narrow.matches) byId("charts-fold").open = false;
  }

  /* ---- charts and checks, at a glance ---- */

  function drawHeat() {
    const cells = data.charts.map(() => data.checks.map(() => [0, 0, 0, 0]));
    for (const row of findings) if (row.level < QUIET) cells[row.chart][row.check][row.level] += 1;
    const bad = (counts) => counts[0] + counts[1];
    const weight = (at) => cells[at].reduce((sum, counts) => sum + bad(counts) * 1e3 + counts[2], 0);
    const order = data.charts.map((_, at) => at).sort((a, b) => weight(b) - weight(a) || a - b);
    const head = make("tr", {}, make("th", { scope: "col" }, "Chart"),
      ...data.checks.map((check) => make("th", { scope: "col", title: check.name }, check.id || check.name)));
    const body = make("tbody", {});
    const row = (at) => {
      const chart = data.charts[at];
      return make("tr", {}, make("th", { scope: "row" }, make("a", { href: hashOf(at, 0), title: chart.path }, chart.short)),
        ...cells[at].map((counts, check) => heatCell(at, check, counts, chart.ran[check])));
    };
    /* As many as can be seen at first; the others when the page has been painted. */
    body.append(...order.slice(0, 40).map(row));
    if (order.length > 40) window.addEventListener("load", () => setTimeout(() => body.append(...order.slice(40).map(row))));
    byId("heat-box").append(make("table", {}, make("thead", {}, head), body));
    byId("heat").hidden = false;
    byId("heat-box").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const [chart, check] = button.dataset.cell.split(" ").map(Number);
      state.check = check;
      location.hash = hashOf(chart, 0);
    });
  }

  function heatCell(chart, check, counts, ran) {
    const level = counts.findIndex((count) => count);
    if (level < 0) {
      const [sign, said] = { p: ["✓", "passed"], o: ["○", "not observed"], s: ["–", "skipped: does not apply"], m: ["✓ –", "passed, and not observed or skipped for other objects"], "-": ["", "not run"] }[ran];
      return make("td", { title: said }, sign);
    }
    const many = level < 2 ? counts[0] + counts[1] : counts[level];
    const kind = level > 1 ? ["n", "e"][level - 2] : many > 4 ? "f3" : many > 1 ? "f2" : "f1";
    const said = counts.map((count, at) => count ? `${count} ${LEVELS[at]}` : "").filter(Boolean).join(", ");
    return make("td", { class: kind },
      make("button", { type: "button", title: `${data.charts[chart].short} ${data.checks[check].name}: ${said}`, "data-cell": `${chart} ${check}` }, String(many)));
  }

  function prepareTheme() {
    const button = byId("theme");
    const themes = ["system", "light", "dark"];
    let at = 0;
    button.hidden = false;
    button.addEventListener("click", () => {
      at = (at + 1) % themes.length;
      if (at) document.documentElement.dataset.theme = themes[at];
      else delete document.documentElement.dataset.theme;
      button.textContent = `Theme: ${themes[at]}`;
    });
  }

  prepareControls();
  prepareCharts();
  prepareTheme();
  prepareZoom();
  prepareReach();
  drawHeat();
  main.addEventListener("scroll", () => render(false), { passive: true });
  window.addEventListener("scroll", () => render(false), { passive: true });
  window.addEventListener("resize", () => {
    refit();
    render(true);
  });
  window.addEventListener("hashchange", applyHash);
  /* On paper there is no scrolling: every row is written out. */
  window.addEventListener("beforeprint", () => body.replaceChildren(...state.shown.map((row, at) => drawnRow(row, at, 0))));
  window.addEventListener("afterprint", () => render(true));
  order();
  showHead();
  update();
  applyHash();
})();
