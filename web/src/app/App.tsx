import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { lazy, useState } from "react";
import { Redirect, Route, Switch } from "wouter";

import { ApiProblem } from "../api/problems";
import { createQueryClient, info, sessions } from "../api/queries";
import { read } from "../lib/storage";
import { LoginScreen } from "../screens/login/LoginScreen";
import { SessionScreen } from "../screens/session/SessionScreen";
import { WelcomeScreen } from "../screens/welcome/WelcomeScreen";

import { Loading, NotFound, SignedOut, Unreachable } from "./Plain";
import { Shell } from "./Shell";

const RoomScreen = lazy(() => import("../screens/room/RoomScreen"));
const UsageScreen = lazy(() => import("../screens/usage/UsageScreen"));
const SettingsScreen = lazy(() => import("../screens/settings/SettingsScreen"));
const AgentScreen = lazy(() => import("../screens/agent/AgentScreen"));

/** The page: who is signed in, then one line per screen. */
export function App() {
  const [client] = useState(createQueryClient);
  return (
    <QueryClientProvider client={client}>
      <Switch>
        <Route path="/login" component={LoginScreen} />
        <Route component={SignedIn} />
      </Switch>
    </QueryClientProvider>
  );
}

function SignedIn() {
  const me = useQuery(info);
  if (me.error instanceof ApiProblem && me.error.status === 401) return <SignedOut />;
  if (!me.data)
    return me.error ? (
      <Unreachable error={me.error} onRetry={() => void me.refetch()} />
    ) : (
      <Loading />
    );
  return (
    <Shell>
      <Switch>
        <Route path="/" component={Home} />
        <Route path="/welcome" component={WelcomeScreen} />
        <Route path="/s/:id">{({ id }) => <SessionScreen key={id} id={id} />}</Route>
        <Route path="/rooms/:id">{({ id }) => <RoomScreen id={id} />}</Route>
        <Route path="/settings">
          <Redirect to="/settings/models" replace />
        </Route>
        <Route path="/settings/models">
          <SettingsScreen part="models" />
        </Route>
        <Route path="/settings/budgets">
          <SettingsScreen part="budgets" />
        </Route>
        <Route path="/settings/keys">
          <SettingsScreen part="keys" />
        </Route>
        <Route path="/settings/page">
          <SettingsScreen part="page" />
        </Route>
        <Route path="/agents/:id">{({ id }) => <AgentScreen id={id} />}</Route>
        <Route path="/usage" component={UsageScreen} />
        <Route component={NotFound} />
      </Switch>
    </Shell>
  );
}

/** The session that was open last, else the newest, else the first steps. */
function Home() {
  const list = useQuery(sessions);
  if (list.error) return <Unreachable error={list.error} onRetry={() => void list.refetch()} />;
  if (!list.data) return <Loading />;
  const last = read<string>("session");
  const session = list.data.find((other) => other.id === last) ?? list.data[0];
  return <Redirect to={session ? `/s/${session.id}` : "/welcome"} replace />;
}
