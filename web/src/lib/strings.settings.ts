/** The words of the settings. Errors say the cause, then what to do. */

import { plural } from "./strings";

export const settings = {
  title: "Settings",
  sections: "Parts of the settings",
  parts: {
    models: "Models and providers",
    budgets: "Credits and budgets",
    keys: "API keys",
    page: "This page",
  },
  loading: "Loading",

  models: {
    lead: "Where answers come from. A key that is entered here is stored encrypted on this server and is never shown again.",
    none: "There is no provider.",
    count: (available: number, all: number) =>
      available === all ? plural(all, "model") : `${available} of ${plural(all, "model")} available`,
    source: (source: string) => `Key: ${source}`,
    from: (source: string) => `From: ${source}`,
    key: (last4: string, source: string) => `Key …${last4}, ${source}`,
    anyModel: "Takes any model name, also one that is not listed.",
    columns: {
      model: "Model",
      window: "Window",
      reply: "Longest reply",
      input: "In",
      output: "Out",
      state: "State",
    },
    perMillion: "Prices in US dollars per million tokens.",
    available: "Available",
    unavailable: "Not available",
    unpriced: "unpriced",
    free: "free",
    filter: "Find a model",
    nothing: "No model fits.",
    addKey: "Add key",
    replaceKey: "Replace key",
    removeKey: "Remove key",
    removeAsk: (name: string) =>
      `Remove the key of ${name}? Agents that answer with its models cannot answer any more, unless the operator has set a key.`,
    keyRemoved: (name: string) => `The key of ${name} is removed.`,
    keyLabel: (name: string) => `Key of ${name}`,
    keyHelp: "It is tried with one tiny call, then stored encrypted. It is never shown again.",
    keySave: "Test and store",
    keyTesting: "Testing the key",
    keyStored: (name: string) => `The key of ${name} works and is stored.`,
    keyStoredUntested: (name: string, why: string) =>
      `The key of ${name} is stored, but the test did not succeed: ${why}`,
    refresh: "Look again",
  },

  keys: {
    lead: "For programs that use this server in your name, as “Authorization: Bearer …”. A key is shown once, when it is made.",
    none: "No key yet.",
    columns: { name: "Name", may: "May", key: "Key", made: "Made" },
    scopes: {
      read: { name: "Read", about: "See rooms, sessions and usage" },
      write: { name: "Write", about: "Ask, and change rooms and agents" },
      admin: { name: "Admin", about: "Keys, prices and budgets as well" },
    },
    new: "New key",
    name: "What is it for?",
    namePlaceholder: "For example: nightly report",
    may: "It may",
    nameRequired: "Give the key a name.",
    scopeRequired: "Choose at least one.",
    create: "Make key",
    once: "Copy it now: it cannot be shown again.",
    copy: "Copy the key",
    copied: "I have copied it",
    revoke: "Revoke",
    revokeOf: (name: string) => `Revoke ${name}`,
    revokeAsk: (name: string) =>
      `Revoke “${name}”? Programs that use it are refused from then on. This cannot be undone.`,
    revoked: (name: string) => `${name} is revoked.`,
    cancel: "Cancel",
    forbidden: "Only an owner or an admin sees the keys.",
  },

  page: {
    lead: "These hold in this browser only.",
    theme: "Theme",
    sendKey: "Send a message with",
    sendKeys: {
      enter: { name: "Enter", about: "Shift and Enter makes a new line" },
      modEnter: (mod: string) => ({
        name: `${mod} and Enter`,
        about: "Enter makes a new line",
      }),
    },
    shortcuts: "Keyboard shortcuts",
    shortcutsHelp: "Off: only Tab, Enter, Escape and the keys of the text box do something.",
    shortcutsShow: "Show all shortcuts",
    notify: "Tell me when a long turn ends",
    notifyHelp: "While this page is out of sight. The browser asks you to allow it.",
    notifyRefused:
      "The browser does not allow notifications from this page. Allow them in its settings for this address.",
    signOut: "Sign out",
    signOutHelp: "On this browser. “pantheon open” signs you in again.",
  },
};
