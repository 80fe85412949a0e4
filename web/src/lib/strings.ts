/** Every word that the page shows. Errors say the cause, then what to do. */

const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

export const t = {
  product: "Pantheon",

  shell: {
    nav: "Rooms and sessions",
    rooms: "Rooms",
    agents: "Agents",
    workspace: "Workspace",
    newSession: "New session",
    newSessionIn: (name: string) => `New session in ${name}`,
    openSidebar: "Open sidebar",
    skip: "Skip to the conversation",
    running: "turn running",
    untitled: "New session",
    noRooms: "No rooms yet",
    noAgents: "No agents yet",
    theme: "Theme",
    themes: { system: "System", light: "Light", dark: "Dark" },
    welcome: "Set up",
    version: (version: string) => `Version ${version}`,
    notFound: "There is nothing at this address.",
    home: "Go to the start",
    showAll: (count: number) => `${plural(count, "more session")}`,
    retry: "Try again",
    loadFailed: (cause: string) => `This could not be loaded: ${cause}`,
  },

  login: {
    busy: "Signing in",
    failed: "This sign-in link does not work any more",
    failedHelp:
      "A link works once, within 10 minutes. Get a new one: run “pantheon open” in a terminal.",
    signedOut: "You are signed out",
    signedOutHelp: "Run “pantheon open” in a terminal: it opens this page and signs you in.",
    cause: (cause: string) => `The server said: ${cause}`,
  },

  connection: {
    reconnecting: "Connection lost. Reconnecting; nothing that was sent is lost.",
    offline: "This device is offline. The page goes on by itself when the network is back.",
    gone: "This session is not there any more.",
    broken: "This session cannot be read.",
  },

  session: {
    transcript: "Transcript",
    emptyRoom: (name: string) => `Ask ${name}`,
    emptyRoomHelp: {
      direct: "One agent answers.",
      manual: "Those whom you name with @ answer, at once.",
      roundtable: "All answer, in this order; each reads what came before.",
      orchestrator: "A manager decides who answers what.",
    },
    emptyRoomNobody: "Nobody sits in this room yet. Add an agent to it, then ask.",
    emptyAgentHelp: (model: string) => `Answers with ${model}.`,
    earlier: "Show earlier turns",
    loadingEarlier: "Loading earlier turns",
    loading: "Loading the session",
    newBelow: (count: number) => `${count} new`,
    toEnd: "Go to the end",
    cost: (money: string) => `Session ${money}`,
    menu: "Session menu",
    rename: "Rename",
    renameLabel: "Name of the session",
    remove: "Delete session",
    removeAsk: "Delete this session? Its turns cannot be read any more.",
    save: "Save",
    cancel: "Cancel",
    you: "You",
    turn: (index: number) => `Turn ${index}`,
  },

  modes: {
    direct: { name: "Direct", about: "The agent answers" },
    manual: { name: "Tag", about: "Those you @name, at once" },
    roundtable: { name: "Round table", about: "All in order, each reads the earlier ones" },
    orchestrator: { name: "Orchestrator", about: "A manager delegates over rounds" },
  },

  turn: {
    rollCall: "Seats, in order of answering",
    answered: (done: number, all: number) => `${done} of ${all} answered`,
    failed: (count: number) => `${count} failed`,
    willBePartial: ", turn will be partial",
    status: {
      queued: "Waiting for a free place",
      running: "Running",
      awaiting_input: "Waits for you",
      completed: "Done",
      partial: "Partial",
      failed: "Failed",
      cancelled: "Stopped",
    },
    partial: (done: number, all: number) => `Partial, ${done} of ${all}.`,
    missing: (names: string[]) => `${list(names)} ${names.length === 1 ? "is" : "are"} missing.`,
    allFailed: "Nobody answered.",
    stopped: (names: string[]) =>
      names.length === 0 ? "Stopped." : `Stopped before ${list(names)} answered.`,
    retryOne: (name: string) => `Retry ${name}`,
    retryMissing: "Retry the missing",
    retryOf: "Second try",
    stopReason: {
      turn_seconds: "The turn's time limit was reached.",
      budget: "The turn's budget was reached.",
      rounds: "The limit of rounds was reached.",
      calls: "The limit of calls was reached.",
    } as Record<string, string>,
    stopReasonOther: (reason: string) => `The turn ended early: ${reason.replaceAll("_", " ")}.`,
  },

  step: {
    next: "Next",
    waits: "Waits",
    answersAfter: (name: string) => `Answers after ${name}`,
    thinking: "Thinking",
    writing: "Writing",
    retrying: "Trying again",
    done: "Done",
    failed: "Failed",
    stopped: "Stopped",
    skipped: "Skipped",
    firstSeat: "First seat",
    read: "Read",
    answers: (count: number) => plural(count, "answer"),
    errors: (count: number) => plural(count, "error"),
    and: "and",
    sent: (tokens: string) => `${tokens} tokens sent`,
    sentLive: "What was sent",
    retry: "Retry this agent",
    retryShort: "Retry",
    otherModel: "Use another model",
    noOtherModel: "No other model is available. Add a provider's key or start a local server.",
    copy: "Copy",
    copied: "Copied",
    notCharged: "not charged",
    charged: "charged",
    attempts: (count: number) => plural(count, "attempt"),
    rawError: "Details",
    emptyAnswer: "The answer is empty.",
    stale: "Based on an older answer.",
    fromHere: "Run again from here",
    manager: "Manager",
    takenOver: "Taken over from the first try",
  },

  announce: {
    step: (name: string, state: string, done: number, all: number) =>
      `${name} ${state}, ${done} of ${all}`,
    turn: (state: string) => `Turn ${state.toLowerCase()}`,
  },

  composer: {
    label: "Message",
    askRoom: "Ask the room",
    askAgent: (name: string) => `Ask ${name}`,
    askTag: "Name agents with @",
    mode: "Mode",
    send: "Send",
    sendLater: "Sends after this turn",
    stop: "Stop turn",
    stopNow: "Stop now",
    stopAfter: "Stop after this agent",
    stopMore: "How to stop",
    stopping: "Stopping",
    agents: "Agents to name",
    all: "Everybody",
    muted: "muted",
    answers: (names: string[]) => `${list(names)} ${names.length === 1 ? "answers" : "answer"}`,
    nobody: "Name an agent with @",
    calls: (count: number) => plural(count, "call"),
    unreachable: "Not sent: the server cannot be reached. Send again; it will be asked only once.",
  },

  sent: {
    title: (name: string) => `What was sent to ${name}`,
    close: "Close",
    loading: "Loading what was sent",
    attempt: (attempts: number) => `attempt ${attempts}`,
    tokensIn: "tokens in",
    estimated: "estimated",
    share: (percent: number, window: string, reserve: string) =>
      `${percent} % of ${window}, reply keeps ${reserve}`,
    reported: (tokens: string) => `The provider counted ${tokens}`,
    cached: (tokens: string) => `${tokens} from the provider's cache`,
    free: "free",
    origins: {
      role: "Role prompt and rules",
      goal: "Room goal",
      summary: "Summary",
      history: "History",
      tools: "Tools",
      input: "Your message",
    } as Record<string, string>,
    earlierFrom: (name: string) => `${name}, earlier in this turn`,
    leftOut: "Left out:",
    empty: "No text",
    hash: "SHA-256 of the request",
    copy: "Copy request",
  },

  panel: {
    title: "Table",
    show: "Table panel",
    share: (percent: number, window: string) => `${percent} % of ${window}`,
    muted: "Muted: keeps its seat and is skipped",
    sees: {
      everything: "Sees everything",
      own: "Sees its own answers and yours",
      summary: "Sees a summary",
    } as Record<string, string>,
    seesLast: (turns: number) => `Sees the last ${plural(turns, "turn")}`,
    loadedOnly: "Costs are of the turns that are shown.",
  },

  welcome: {
    title: "Who should answer first?",
    lead: "Pantheon runs on this machine. Nothing leaves it until you add a provider.",
    demo: "The demo room",
    demoHelp: "Three scripted agents, offline and free. See how a round table works.",
    demoOpen: "Open demo",
    room: (name: string) => name,
    roomHelp: (names: string[]) => `${list(names)} ${names.length === 1 ? "is" : "are"} there.`,
    roomOpen: "Open room",
    key: "A provider key",
    keyHelp: "OpenAI, OpenRouter, Ollama, or any OpenAI-compatible server.",
    keyHow:
      "Set the provider's usual variable, for example OPENAI_API_KEY, and start Pantheon again.",
    keyReady: (names: string[]) => `${list(names)} ${names.length === 1 ? "is" : "are"} ready.`,
    local: "A model on this machine",
    localFound: (count: number) => `${plural(count, "model")} found, ready to answer offline.`,
    localNone: "None found. Start Ollama or another OpenAI-compatible server, then look again.",
    localUse: "Use it",
    lookAgain: "Look again",
    working: "Opening",
    checks: {
      database: "Database ready",
      schema: "Schema current",
      checkpointer: "Checkpoints durable",
      worker: "Worker running",
    } as Record<string, string>,
    check: (name: string, detail: string) => `${name}: ${detail}`,
    seed: {
      room: "Demo room",
      goal: "Show how a round table works: each agent reads what came before.",
      agents: [
        {
          key: "analyst",
          name: "Analyst",
          prompt: "You weigh the facts and name the one that decides.",
        },
        { key: "skeptic", name: "Skeptic", prompt: "You look for the reason why the plan fails." },
        {
          key: "editor",
          name: "Editor",
          prompt: "You sum up what was said and end with a decision.",
        },
      ],
    },
  },

  markdown: {
    code: "code",
    copyCode: "Copy code",
    cut: (characters: string) => `${characters} more characters are not shown; Copy has them all.`,
    image: (alt: string, host: string) => (alt ? `Image “${alt}” on ${host}` : `Image on ${host}`),
    imageBroken: (alt: string) => (alt ? `Image “${alt}”` : "Image"),
    task: (done: boolean) => (done ? "done" : "open"),
  },

  money: {
    unpriced: "unpriced",
    free: "free",
    less: "<$0.0001",
    plusUnpriced: (calls: number) => `+ ${calls} unpriced`,
  },

  problems: {
    network: "The server cannot be reached.",
    unknown: (status: number) => `The server answered with status ${status}.`,
    dismiss: "Dismiss",
  },
};

/** "A", "A and B", "A, B and C". */
export function list(names: string[]): string {
  return names.length < 2
    ? (names[0] ?? "")
    : `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}
