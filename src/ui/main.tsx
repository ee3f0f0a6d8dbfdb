/** The web page of asicd: draws what the device tells, and asks it to do things. Knows nothing that the API does not say. */
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { App, AppProvider, useApp, useWords } from "./data/app.tsx";
import { useStore } from "./data/store.ts";
import { BoardsPage } from "./pages/boards.tsx";
import { CoolingPage } from "./pages/cooling.tsx";
import { EventsPage } from "./pages/events.tsx";
import { FirstRun } from "./pages/first-run.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { PoolsPage } from "./pages/pools.tsx";
import { SettingsPage } from "./pages/settings.tsx";
import { SystemPage } from "./pages/system.tsx";
import { LoginDialog, LoginPage } from "./shell/login.tsx";
import type { Route } from "./shell/route.ts";
import { Shell } from "./shell/shell.tsx";
import { Toasts } from "./shell/toasts.tsx";
import { useRoute } from "./shell/use-route.ts";

function Root() {
  const { session, live } = useApp();
  const facts = useStore(session.facts);
  const [isFirstRun, setFirstRun] = useState(false);
  const isAsking = facts === null;
  const mayLook = facts !== null && (facts.loggedIn || facts.publicRead);
  useEffect(() => {
    if (facts?.passwordSet === false) setFirstRun(true);
  }, [facts?.passwordSet]);
  useEffect(() => {
    // Begun before it is known whether we may: most may, and see the machine sooner.
    if (isAsking || mayLook) live.start();
    else live.stop();
  }, [isAsking || mayLook, live]);
  if (facts === null) return <Waiting />;
  if (isFirstRun || !facts.passwordSet) return <FirstRun onDone={() => setFirstRun(false)} />;
  return mayLook ? <Machine /> : <LoginPage />;
}

function Machine() {
  const { live } = useApp();
  const status = useStore(live.status);
  const route = useRoute();
  const words = useWords();
  const [isLoginOpen, setLoginOpen] = useState(false);
  return (
    <>
      <Shell page={route.page} status={status} onLogin={() => setLoginOpen(true)}>
        {status === null ? (
          <p class="loading">{words.t("loading")}</p>
        ) : (
          <Page route={route} key={route.page} />
        )}
      </Shell>
      {isLoginOpen && <LoginDialog onClose={() => setLoginOpen(false)} />}
    </>
  );
}

function Page({ route: { page, rest } }: { route: Route }) {
  switch (page) {
    case "overview":
      return <OverviewPage />;
    case "boards":
      return <BoardsPage board={rest[0]} chip={rest[1]} />;
    case "pools":
      return <PoolsPage />;
    case "cooling":
      return <CoolingPage />;
    case "events":
      return <EventsPage />;
    case "settings":
      return <SettingsPage section={rest[0]} />;
    case "system":
      return <SystemPage section={rest[0]} />;
  }
}

const ASK_AGAIN_MS = 2_000;

/** Before the device has said a word. */
function Waiting() {
  const { session } = useApp();
  const words = useWords();
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    void session.refresh();
    const timer = setInterval(() => {
      setLate(true);
      void session.refresh();
    }, ASK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [session]);
  return (
    <main class="alone">
      <h1 class="sr-only">asicd</h1>
      <p class="loading" role="status">
        {words.t(isLate ? "error.no-answer" : "loading")}
      </p>
    </main>
  );
}

const host = document.getElementById("app");
if (host !== null)
  render(
    <AppProvider app={new App()}>
      <Root />
      <Toasts />
    </AppProvider>,
    host,
  );
