/** The words of credits, budgets, and of what they refuse. */

export const money = {
  unit: "credits",
  amount: (credits: string, one: boolean) => `${credits} ${one ? "credit" : "credits"}`,

  wallet: {
    open: "Credits and budgets",
    balance: "Balance",
    reserved: "Reserved now",
    available: "Available",
    low: "The balance is low",
    lowNotice: (available: string) =>
      `The balance is low: ${available} can still be spent. Ask the operator for more.`,
  },

  panel: {
    of: {
      turn: (name: string) => `${name}, each turn`,
      day: (name: string) => `${name} today`,
      month: (name: string) => `${name} this month`,
    },
    spent: (spent: string, limit: string) => `${spent} of ${limit}`,
    reserved: "Reserved now",
    seatTime: "Seat time limit",
    room: "Room",
    session: "Session",
    agent: "Agent",
    user: "You",
    workspace: "Workspace",
  },

  refused: {
    insufficient: "The balance does not cover this.",
    exceeded: (budget: string) => `${budget} does not cover this.`,
    needed: "Needed at most",
    free: "Free",
    reserved: "Reserved by what runs",
    kept: "Nothing was sent; your text is kept.",
    budgets: "Budgets",
    small: (most: string, free: string) =>
      `Up to ${most} may be needed, ${free} can be spent: this may be refused.`,
  },

  periods: { turn: "A turn", day: "A day", month: "A month" },
  of: {
    turn: (name: string) => `The limit of a turn of ${name}`,
    day: (name: string) => `Today's budget of ${name}`,
    month: (name: string) => `This month's budget of ${name}`,
    turnAlone: "The limit of this turn",
  },
  scopes: {
    workspace: "The whole workspace",
    user: "Me",
    room: "A room",
    agent: "An agent",
    session: "A session",
  },
  names: {
    workspace: "the workspace",
    me: "you",
    user: "a person",
    room: "a room",
    agent: "an agent",
    session: "a session",
  },

  budgets: {
    title: "Credits and budgets",
    lead: "What may be spent. A turn reserves the most that it can cost and gives the rest back when it ends.",
    mode: {
      off: "Nothing is charged.",
      warn: "Calls are charged. What goes past the balance or a budget is warned about, not refused.",
      enforce: "Calls are charged. What goes past the balance or a budget is refused.",
    },
    none: "No budget yet: the balance alone is the limit.",
    list: "Budgets",
    reserved: (credits: string) => `${credits} reserved`,
    free: (credits: string) => `${credits} free`,
    new: "New budget",
    whose: "Of what",
    which: { room: "Which room", agent: "Which agent" },
    period: "In how long",
    limit: "Limit in credits",
    limitBad: "An amount above 0, with at most 6 decimals.",
    nothingThere: { room: "There is no room yet.", agent: "There is no agent yet." },
    create: "Set budget",
    edit: "Change",
    editOf: (budget: string) => `Change: ${budget}`,
    save: "Save",
    remove: "Remove",
    removeOf: (budget: string) => `Remove: ${budget}`,
    removed: "The budget is removed.",
    undo: "Undo",
    cancel: "Cancel",
    forbidden: "Only an owner or an admin changes budgets.",
    meter: (percent: number) => `${percent} % spent`,
    ofMonth: (limit: string, percent: number) => `${percent} % of ${limit} a month`,
  },
};
