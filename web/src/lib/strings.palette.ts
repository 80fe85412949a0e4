/** The words of the palette and of the help about keys. */

export const palette = {
  title: "Search and go to",
  box: "Go to, do, or find what was said",
  none: "Nothing fits.",
  searching: "Searching what was said",
  groups: {
    actions: "Actions",
    sessions: "Sessions",
    rooms: "Rooms",
    agents: "Agents",
    messages: "What was said",
  },
  actions: {
    newSession: (name: string) => `New session in ${name}`,
    newSessionWith: (name: string) => `New session with ${name}`,
    newRoom: "New room",
    newAgent: "New agent",
    edit: (name: string) => `Edit ${name}`,
    usage: "Usage and cost",
    models: "Models and providers",
    budgets: "Credits and budgets",
    keys: "API keys",
    page: "Theme, keys and notifications",
    themes: { system: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" },
    help: "Keyboard shortcuts",
    welcome: "Set up",
  },
  move: "↑ ↓ to move, Enter to open, Esc to close",
};

export const help = {
  title: "Keyboard shortcuts",
  close: "Close",
  off: "They are switched off. Switch them on in the settings of this page.",
  groups: {
    everywhere: "Everywhere",
    composer: "In the message box",
    card: "On an agent's answer",
  },
  everywhere: {
    palette: "Search and go to",
    new: "New session",
    sidebar: "Show or hide the sidebar",
    composer: "Go to the message box",
    escape: "Close what is open, then stop the turn",
    help: "This list",
  },
  composer: {
    send: "Send",
    line: "New line",
    mention: "Name an agent",
    last: "In an empty box: edit your last message",
  },
  card: {
    next: "Next answer",
    previous: "Answer before",
    sent: "What was sent",
    retry: "Try again",
    copy: "Copy",
  },
};
