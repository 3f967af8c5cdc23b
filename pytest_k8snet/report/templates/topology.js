"use strict";

/* Draws one application: Ingresses, Services, workloads with their ports, and policies as
   boundaries, from left to right. Only text nodes and attributes are made from the data. */
const Topology = (() => {
  const NS = "http://www.w3.org/2000/svg";
  const WIDTH = { ingress: 200, service: 280, workload: 330 };
  const GAP = 96;
  const HEAD = 44;
  const LINE = 26;
  const LABEL = 22;
  const PAD = 10;
  const TOP = 34;
  const BESIDE = { gap: 150, width: 214 }; // of the drawing, where somebody stands somewhere
  const FOLD = 3; // fewer are as quickly seen as unfolded
  const MEANS = {
    limited: "only what is admitted by",
    open: "admits everything:",
    ports: "any pod reaches some ports:",
    unknown: "not all policies are understood",
    egress: "egress only:",
    none: "no NetworkPolicy: open to every pod",
    host: "host network: policies do not hold here",
  };
  const STATE = {
    declared: "declared, not observed",
    both: "declared and open",
    open: "open, not declared",
    closed: "declared, not open",
  };
  const pen = document.createElement("canvas").getContext("2d");

  function node(name, attributes, ...children) {
    const made = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    made.append(...children.filter((child) => child !== null));
    return made;
  }

  function text(x, y, said, width, kind, anchor) {
    const mono = kind.includes("mono");
    pen.font = (kind.includes("name") ? "600 " : "") + (mono ? "12px monospace" : "12.5px system-ui, sans-serif");
    const shown = fitted(said, width);
    const made = node("text", { x, y, class: kind, "text-anchor": anchor || "start" }, shown);
    if (shown !== said) made.append(node("title", {}, said));
    return made;
  }

  function fitted(said, width) {
    if (pen.measureText(said).width <= width) return said;
    let low = 0;
    let high = said.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (pen.measureText(said.slice(0, middle) + "…").width <= width) low = middle;
      else high = middle - 1;
    }
    return said.slice(0, low) + "…";
  }

  const parted = (name) => {
    const slash = name.indexOf("/");
    return [name.slice(0, slash), name.slice(slash + 1)];
  };

  /* Workloads that differ in their names only, with the same Services, policies and findings, as one
     box: `like` are the names of all of them. */
  function fold(picture, found) {
    const inside = new Map();
    picture.boundaries.forEach((boundary, at) => boundary.workloads.forEach((number) => inside.set(number, at)));
    const groups = new Map();
    picture.workloads.forEach((workload, number) => {
      const looks = JSON.stringify([
        inside.get(number), parted(workload.name)[0], workload.replicas, workload.host, workload.hook, workload.looked,
        workload.containers.map((container) => [container.sidecar, container.ports]),
        picture.edges.filter((edge) => edge[2] === number).map((edge) => edge.toSpliced(2, 1)),
        found(workload.name).map(({ level, port, row }) => [level, port, row.check]),
      ]);
      if (!groups.has(looks)) groups.set(looks, []);
      groups.get(looks).push(number);
    });
    const shown = [];
    const place = new Map();
    for (const numbers of groups.values()) {
      const parts = numbers.length < FOLD ? numbers.map((number) => [number]) : [numbers];
      for (const part of parts) {
        const names = part.map((number) => picture.workloads[number].name);
        place.set(part[0], shown.length);
        shown.push({ ...picture.workloads[part[0]], numbers: part, ...(part.length > 1 ? { like: names } : {}) });
      }
    }
    return {
      ...picture,
      workloads: shown,
      edges: picture.edges.filter((edge) => place.has(edge[2])).map((edge) => edge.with(2, place.get(edge[2]))),
      boundaries: picture.boundaries.map((boundary) => ({
        ...boundary, workloads: boundary.workloads.filter((number) => place.has(number)).map((number) => place.get(number)),
      })),
    };
  }

  /* Heights and places. Workloads stand in the order of their boundaries; Services at the mean
     height of what they lead to, Ingresses at that of their Services. */
  function layout(picture) {
    const columns = picture.ingresses.length ? ["ingress", "service", "workload"] : ["service", "workload"];
    if (!picture.services.length && !picture.ingresses.length) columns.shift();
    const x = {};
    let right = 24;
    for (const column of columns) {
      x[column] = right;
      right += WIDTH[column] + GAP;
    }
    const workloads = picture.workloads.map(sizedWorkload);
    const bottom = placeWorkloads(picture, workloads, x.workload);
    const services = picture.services.map((service) => ({
      x: x.service,
      height: HEAD + service.ports.length * LINE + (service.ports.length ? PAD / 2 : 0),
    }));
    const wanted = services.map((_, at) => middle(picture.edges.filter((e) => e[0] === at).map((e) => workloads[e[2]])));
    const serviceBottom = stack(services, wanted);
    const ingresses = picture.ingresses.map((ingress) => ({
      x: x.ingress,
      height: HEAD + ingress.backends.length * LINE + PAD / 2,
    }));
    const leads = picture.ingresses.map((ingress) =>
      middle(ingress.backends.filter((b) => b[0] >= 0).map((b) => services[b[0]])));
    const ingressBottom = stack(ingresses, leads);
    return {
      x, columns, workloads, services, ingresses,
      width: right - GAP + 24 + 14,
      height: Math.max(bottom, serviceBottom, ingressBottom, 120) + 20,
    };
  }

  function sizedWorkload(workload) {
    let height = HEAD + (workload.like ? LABEL : 0);
    const rows = [];
    for (const [at, container] of workload.containers.entries()) {
      rows.push({ container: at, y: height });
      height += LABEL;
      for (const port of container.ports.keys()) {
        rows.push({ container: at, port, y: height });
        height += LINE;
      }
    }
    return { height: height + PAD / 2, rows };
  }

  function placeWorkloads(picture, workloads, x) {
    let y = TOP;
    for (const boundary of picture.boundaries) {
      boundary.y = y;
      y += 34;
      for (const at of order(boundary.workloads, picture)) {
        Object.assign(workloads[at], { x, y });
        y += workloads[at].height + 14;
      }
      boundary.height = y - boundary.y;
      y += 18;
    }
    return y;
  }

  /* Workloads that the same Service leads to stand together. */
  function order(numbers, picture) {
    const first = (at) => {
      const found = picture.edges.find((edge) => edge[2] === at);
      return found ? found[0] : Infinity;
    };
    return [...numbers].sort((a, b) => first(a) - first(b) || a - b);
  }

  const middle = (boxes) =>
    boxes.length ? boxes.reduce((sum, box) => sum + box.y + box.height / 2, 0) / boxes.length : Infinity;

  /* From top to bottom by the wanted height; what leads nowhere fills the gaps. */
  function stack(boxes, wanted) {
    const placed = boxes.map((box, at) => ({ box, y: wanted[at] })).filter((one) => one.y < Infinity).sort((a, b) => a.y - b.y);
    let free = TOP;
    for (const { box, y } of placed) {
      box.y = Math.max(free, y - box.height / 2);
      free = box.y + box.height + 16;
    }
    const done = placed.map(({ box }) => box);
    for (const box of boxes.filter((one) => one.y === undefined)) {
      box.y = TOP;
      for (const other of done) {
        if (other.y >= box.y + box.height + 16) break;
        box.y = other.y + other.height + 16;
      }
      done.push(box);
      done.sort((a, b) => a.y - b.y);
    }
    return boxes.reduce((low, box) => Math.max(low, box.y + box.height), 0);
  }

  /* `found(name)` gives the findings of an object: {level, port, message} each, worst first.
     `open(name)` is called when a box is activated, `openPort(name, finding)` for a port's mark.
     `stand`, where somebody stands somewhere: {position, name, cell(number)}, the cell being what of a
     workload answers there, {label, has(port, protocol)}, or null. */
  function draw(whole, { found, open, openPort, folded, stand }) {
    const picture = folded ? fold(whole, found)
      : { ...whole, workloads: whole.workloads.map((workload, number) => ({ ...workload, numbers: [number] })) };
    const at = layout(picture);
    if (stand) at.width += stand.position < 0 ? BESIDE.gap + BESIDE.width : BESIDE.gap;
    const svg = node("svg", {
      width: at.width, height: at.height, viewBox: `0 0 ${at.width} ${at.height}`, role: "presentation",
    });
    const titles = { ingress: "Ingress", service: "Services", workload: "Workloads and their ports" };
    for (const column of at.columns) svg.append(text(at.x[column], 20, titles[column], WIDTH[column], "column"));
    for (const boundary of picture.boundaries) svg.append(drawnBoundary(boundary, at));
    const edges = node("g", { "aria-hidden": "true" });
    svg.append(edges);
    const boxes = [];
    picture.ingresses.forEach((ingress, n) => boxes.push(drawnIngress(ingress, at.ingresses[n], edges, picture, at, n)));
    picture.services.forEach((service, n) => boxes.push(drawnService(service, at.services[n], n, picture)));
    picture.workloads.forEach((workload, n) => boxes.push(drawnWorkload(workload, at.workloads[n], n, stand)));
    drawEdges(picture, at, edges);
    if (stand) {
      svg.classList.add("standing");
      svg.append(ways(picture, at, stand));
    }
    for (const box of boxes) {
      box.frame.names = box.like || [box.name];
      const [inside, beside] = marks(box, box.frame.names.flatMap(found), openPort);
      box.frame.append(...inside);
      listen(box, edges, svg, open);
      svg.append(box.frame, ...beside);
    }
    return svg;
  }

  function frame(box, name, width, extra, tone) {
    const [kind, rest] = parted(name);
    return node("g", { class: "box", tabindex: "0", role: "button", "data-name": name, transform: `translate(${box.x} ${box.y})` },
      node("rect", { class: "frame", width, height: box.height, rx: 7 }),
      text(12, 18, kind + (extra ? " · " + extra : ""), width - 56, "kind" + (tone ? " " + tone : "")),
      text(12, 35, rest, width - 24, "name"));
  }

  function drawnIngress(ingress, box, edges, picture, at, number) {
    const made = frame(box, ingress.name, WIDTH.ingress, "from outside");
    ingress.backends.forEach(([service, port, path, name], row) => {
      const y = HEAD + row * LINE;
      made.append(text(12, y + 17, path || "/", WIDTH.ingress - 24, "mono"));
      const end = service < 0 ? null : at.services[service];
      const x1 = box.x + WIDTH.ingress;
      const y1 = box.y + y + LINE / 2;
      if (!end) {
        edges.append(node("path", { class: "edge dead", "data-from": `i${number}`, d: `M${x1} ${y1}h28` },
          node("title", {}, `no Service ${name} here`)));
        return;
      }
      const y2 = end.y + (port < 0 ? HEAD / 2 : HEAD + port * LINE + LINE / 2);
      edges.append(node("path", {
        class: port < 0 ? "edge dead" : "edge", d: curve(x1, y1, end.x, y2),
        "data-from": `i${number}`, "data-to": `s${service}`,
      }));
    });
    return { frame: made, name: ingress.name, width: WIDTH.ingress, key: `i${number}`, ports: [] };
  }

  function drawnService(service, box, number, picture) {
    const lost = service.selects === false ? "no selector"
      : picture.edges.some((edge) => edge[0] === number) || !service.ports.length ? "" : "selects no pod";
    const type = service.type === "ClusterIP" ? "" : service.type;
    const made = frame(box, service.name, WIDTH.service, [type, lost].filter(Boolean).join(" · "));
    const ports = [];
    service.ports.forEach(([port, target, protocol, name], row) => {
      const y = HEAD + row * LINE;
      const said = `${port} → ${target}` + (protocol === "TCP" ? "" : ` ${protocol}`);
      made.append(
        node("rect", { class: "pill service", x: 8, y: y + 2, width: WIDTH.service - 16, height: LINE - 5, rx: 6 }),
        text(18, y + 17, said, 170, "mono"),
        text(WIDTH.service - 20, y + 17, name === target ? "" : name, 78, "soft", "end"));
      ports.push({ numbers: [port, target], protocol, x: WIDTH.service - 4, y: y + LINE / 2 });
    });
    return { frame: made, name: service.name, width: WIDTH.service, key: `s${number}`, ports };
  }

  /* What a box of workloads has to say to somebody who stands somewhere: the cells of those that answer. */
  const answers = (workload, stand) => workload.numbers.filter((one) => one !== stand.position).map(stand.cell).filter(Boolean);

  /* From where somebody stands to all that answers: one line beside the drawing, with an arrow to each box. */
  function ways(picture, at, stand) {
    const drawn = node("g", { "aria-hidden": "true" });
    const here = picture.workloads.findIndex((workload) => workload.numbers.includes(stand.position));
    const right = at.x.workload + WIDTH.workload;
    const trunk = right + BESIDE.gap - 34;
    const from = here < 0 ? [right + BESIDE.gap, TOP + 22] : [right, at.workloads[here].y + at.workloads[here].height / 2];
    const ends = [];
    picture.workloads.forEach((workload, n) => {
      const cells = answers(workload, stand);
      if (!cells.length) return;
      const y = at.workloads[n].y + Math.min(at.workloads[n].height / 2, 60) + (n === here ? 14 : 0);
      const doubtful = cells.every((cell) => cell.doubtful) ? " doubtful" : "";
      const of = workload.numbers.length - (n === here ? 1 : 0);
      ends.push({ y, doubtful });
      drawn.append(
        node("path", { class: `way${doubtful}`, d: `M${trunk} ${y}H${right + 6}` }),
        node("path", { class: "way-end", d: `M${right + 9} ${y - 4.5}L${right} ${y}l9 4.5z` }),
        text(right + 20, y - 6, cells[0].label + (cells.length < of ? ` (${cells.length} of ${of})` : ""), BESIDE.gap - 60, "soft mono way-text"));
    });
    if (ends.length) {
      const heights = [from[1], ...ends.map(({ y }) => y)];
      const doubtful = ends.every((end) => end.doubtful) ? " doubtful" : "";
      drawn.prepend(node("path", { class: `way${doubtful}`, d: `M${from[0]} ${from[1]}H${trunk}M${trunk} ${Math.min(...heights)}V${Math.max(...heights)}` }));
    }
    if (here < 0) {
      drawn.append(
        node("rect", { class: "foothold", x: from[0], y: TOP, width: BESIDE.width, height: 44, rx: 7 }),
        text(from[0] + BESIDE.width / 2, TOP + 27, stand.name, BESIDE.width - 16, "name", "middle"));
    }
    return drawn;
  }

  function drawnWorkload(workload, box, number, stand) {
    const cells = stand ? answers(workload, stand) : [];
    const extras = [];
    if (workload.like) extras.push(`${workload.like.length} of a kind`);
    if (workload.replicas !== undefined) extras.push(`${workload.replicas} pods`);
    if (workload.host) extras.push("host network");
    if (workload.hook) extras.push(`hook ${workload.hook}`);
    const made = frame(box, workload.name, WIDTH.workload, extras.join(" · "), workload.host ? "host" : "");
    if (stand) {
      const here = workload.numbers.includes(stand.position);
      made.classList.add(here ? "here" : cells.length ? "reached" : "unreached");
    }
    if (workload.like) made.append(text(12, HEAD + 11, `and ${workload.like.length - 1} that differ in their names only`, WIDTH.workload - 24, "soft"));
    const ports = [];
    for (const row of box.rows) {
      const container = workload.containers[row.container];
      if (row.port === undefined) {
        const nothing = container.ports.length ? "" : workload.looked ? ": nothing declared, nothing open" : ": declares no port";
        made.append(text(12, row.y + 15, (container.sidecar ? "sidecar " : "") + container.name + nothing, WIDTH.workload - 24, "soft"));
        continue;
      }
      const [port, protocol, name, state] = container.ports[row.port];
      const made_row = node("g", {},
        node("title", {}, `${port}/${protocol}: ${STATE[state]}`),
        node("rect", { class: `pill ${state}${cells.some((cell) => cell.has(port, protocol)) ? " lit" : ""}`, x: 12, y: row.y + 2, width: 92, height: LINE - 6, rx: 10 }),
        text(58, row.y + 16, `${port}/${protocol}`, 88, "mono", "middle"),
        text(114, row.y + 16, name, state === "open" || state === "closed" ? 96 : 190, "mono"),
        state === "open" || state === "closed"
          ? text(WIDTH.workload - 26, row.y + 16, state === "open" ? "not declared" : "not open", 100, `soft state-${state}`, "end") : null);
      made.append(made_row);
      ports.push({ numbers: [port], protocol, x: WIDTH.workload - 12, y: row.y + LINE / 2 - 1 });
    }
    return { frame: made, name: workload.name, like: workload.like, width: WIDTH.workload, key: `w${number}`, ports };
  }

  function drawnBoundary(boundary, at) {
    const names = boundary.policies.map((name) => parted(name)[1]).join(", ");
    const said = `${MEANS[boundary.means]} ${names}`.trim();
    const x = at.x.workload - 14;
    return node("g", {},
      node("rect", { class: `boundary ${boundary.means}`, x, y: boundary.y, width: WIDTH.workload + 28, height: boundary.height, rx: 10 }),
      text(x + 14, boundary.y + 20, said, WIDTH.workload, boundary.means));
  }

  function drawEdges(picture, at, edges) {
    for (const [service, port, workload, container, place, how] of picture.edges) {
      const from = at.services[service];
      const to = at.workloads[workload];
      const row = to.rows.find((one) => one.container === container && one.port === place && place >= 0);
      const x1 = from.x + WIDTH.service;
      const y1 = from.y + HEAD + port * LINE + LINE / 2;
      const x2 = to.x + (row ? 12 : 0);
      const y2 = to.y + (row ? row.y + LINE / 2 - 1 : HEAD / 2);
      edges.append(node("path", {
        class: `edge ${how}`, d: curve(x1, y1, x2 - (how === "dead" ? 12 : 0), y2), "data-from": `s${service}`, "data-to": `w${workload}`,
      }));
      if (how === "dead") {
        const x = x2 - 12;
        edges.append(node("path", { class: "edge-end dead", d: `M${x - 4} ${y2 - 4}l8 8m0 -8l-8 8` }));
      }
    }
  }

  function curve(x1, y1, x2, y2) {
    const bend = Math.max(36, (x2 - x1) / 2);
    return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  }

  /* One mark in the box with the number of its findings, and beside it, since a button holds no other
     button, one for each port that has one. */
  function marks(box, findings, openPort) {
    const count = findings.length;
    box.frame.setAttribute("aria-description", `${count} ${count === 1 ? "finding" : "findings"}`);
    if (!count) return [[], []];
    const inside = [node("circle", { class: `mark ${findings[0].level}`, cx: box.width - 16, cy: 16, r: 9.5 }),
      node("text", { class: "mark-text", x: box.width - 16, y: 20, "aria-hidden": "true" }, String(count))];
    const beside = [];
    for (const port of box.ports) {
      const finding = findings.find((one) => {
        const [number, protocol] = one.port.split("/");
        return one.port && port.numbers.map(String).includes(number) && protocol === port.protocol;
      });
      if (!finding) continue;
      const mark = node("g", { class: "port-mark", "data-of": box.name, transform: box.frame.getAttribute("transform"), tabindex: "0", role: "button", "aria-label": `${finding.port}: ${finding.message}` },
        node("title", {}, finding.message),
        node("circle", { class: `mark ${finding.level}`, cx: port.x, cy: port.y, r: 6.5 }),
        node("text", { class: "mark-text", x: port.x, y: port.y + 4, "aria-hidden": "true" }, "!"));
      activate(mark, () => openPort(box.name, finding));
      beside.push(mark);
    }
    return [inside, beside];
  }

  function activate(element, act) {
    element.addEventListener("click", (event) => {
      event.stopPropagation();
      act();
    });
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      act();
    });
  }

  function listen(box, edges, svg, open) {
    const light = (on) => {
      svg.classList.toggle("focus", on);
      for (const edge of edges.querySelectorAll(".edge")) {
        edge.classList.toggle("lit", on && (edge.dataset.from === box.key || edge.dataset.to === box.key));
      }
    };
    activate(box.frame, () => open(box.name, box.like));
    box.frame.addEventListener("mouseenter", () => light(true));
    box.frame.addEventListener("mouseleave", () => light(false));
    box.frame.addEventListener("focus", () => light(true));
    box.frame.addEventListener("blur", () => light(false));
  }

  return { draw, fold };
})();
