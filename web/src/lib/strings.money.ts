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
    reserved: "Reserved by what runs",
    seatTime: "Seat time limit",
    callsOfOne: "Calls of one agent",
    atMost: (count: number) => `${count} at most`,
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
    none: "No budget yet: the balance alone is the limit.",
    list: "Budgets",
    reserved: (credits: string) => `${credits} reserved`,
    free: (credits: string) => `${credits} free`,
    new: "New budget",
    whose: "Of what",
    which: { room: "Which room", agent: "Which agent", session: "Which session" },
    period: "In how long",
    limit: "Limit in credits",
    limitBad: "An amount above 0, with at most 6 decimals.",
    nothingThere: {
      room: "There is no room yet.",
      agent: "There is no agent yet.",
      session: "There is no session yet.",
    },
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

  billing: {
    title: "Billing",
    modes: {
      off: { name: "Off", about: "Tokens and cost are counted; nothing is charged or refused." },
      warn: {
        name: "Charge and warn",
        about: "Calls are charged. What goes past the balance or a budget is warned about, not refused.",
      },
      enforce: {
        name: "Charge and refuse",
        about: "Calls are charged. What goes past the balance or a budget is refused.",
      },
    },
    ask: {
      off: {
        title: "Stop charging?",
        what: "No wallet is touched any more, and no budget holds anything back; tokens and cost are still counted.",
        yes: "Stop charging",
      },
      warn: {
        title: "Charge calls, and warn?",
        what: "The balance pays for every call. What it or a budget does not cover runs all the same, with a warning.",
        yes: "Charge and warn",
      },
      enforce: {
        title: "Charge calls, and refuse what is not covered?",
        what: "The balance pays for every call. What it or a budget does not cover is refused before anything is sent, and so is a model without a price.",
        yes: "Charge and refuse",
      },
    },
    from: "This holds for everybody in the workspace, from the next turn on; a turn that runs is charged as it was accepted.",
    cancel: "Cancel",
  },

  transactions: {
    title: "What has moved the balance",
    ofAll: "Everything that was put in, taken back and charged, the newest first.",
    ofMine: "What was put in and taken back, and the charges of your own calls, the newest first.",
    usage: "What each call was for",
    none: "Nothing yet.",
    more: "Show more",
    columns: { what: "What", time: "When", credits: "Credits" },
    kinds: {
      grant: "Granted",
      correction: "Corrected",
      top_up: "Topped up",
      refund: "Paid back",
      dispute: "Payment disputed",
      hold: "Reserved",
      raise: "Reserved in addition",
      charge: "A call",
      release: "Given back",
    },
  },
};
