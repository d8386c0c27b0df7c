//! The project that a command works with: the local stack, one that runs already, or one of the
//! caller's own that `SUPABASE_URL` names.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context, Result, bail};
use local_supabase::{Error, Options, Ports, Progress, StackEnv, state_folder};

use crate::hosted::Functions;
use crate::project;
use crate::step::Step;

/// A project that answers.
pub struct Stack {
    env: StackEnv,
    environment: BTreeMap<String, String>,
    runs: Runs,
}

/// Who ends it.
enum Runs {
    /// We started all of it.
    Here(Box<local_supabase::Stack>),
    /// Somebody else's; the functions may be ours.
    Elsewhere(Option<Box<Functions>>),
}

/// The stack for a command that ends by itself. The one that `dev` runs is used if there is one,
/// and then goes on.
///
/// # Errors
/// What kept it from starting, in one line.
pub async fn start(root: &Path) -> Result<Stack> {
    if let Some(stack) = elsewhere(root).await? {
        return Ok(stack);
    }
    match launch(Options::new(root)).await {
        Err(Error::AlreadyRunning { .. }) => {
            let env = StackEnv::read(&state_folder(root).join("stack.env"))?;
            eprintln!("  using the stack that runs already: {}", env.supabase_url);
            Ok(Stack::new(env, Runs::Elsewhere(None)))
        }
        started => Ok(started?),
    }
}

/// The stack of `dev`: it must be ours to hold. `None` when it is a project of the caller's own.
///
/// # Errors
/// What kept it from starting, in one line.
pub async fn start_to_hold(root: &Path, fresh: bool) -> Result<Stack> {
    if let Some(stack) = elsewhere(root).await? {
        if fresh {
            bail!("--fresh deletes the local database: unset SUPABASE_URL, or leave --fresh out");
        }
        return Ok(stack);
    }
    let mut options = Options::new(root);
    options.fresh = fresh;
    Ok(launch(options).await?)
}

/// A new stack with a database, ports and a folder of its own, so that tests disturb nobody.
///
/// # Errors
/// What kept it from starting, in one line.
pub async fn start_for_tests(root: &Path) -> Result<Stack> {
    if let Some(stack) = elsewhere(root).await? {
        return Ok(stack);
    }
    build_providers(root)?;
    let (first, second) = (Ports::free()?, Ports::free()?);
    let at = |port: u16| format!("http://127.0.0.1:{port}");
    let variables = [
        // Where tests/operation listens for reports of faults.
        ("SENTRY_DSN", format!("http://key@127.0.0.1:{}/1", Ports::free()?.functions)),
        ("WHAPI_TOKEN", "test".to_owned()),
        ("WHAPI_BASE_URL", at(first.database)),
        ("RESEND_API_KEY", "re_test".to_owned()),
        ("RESEND_BASE_URL", at(second.functions)),
        ("EMAIL_FROM", "Griot <griot@example.org>".to_owned()),
        ("WEBHOOK_SECRET", "secret of the database, in tests".to_owned()),
        ("WHAPI_WEBHOOK_SECRET", "secret of Whapi, in tests".to_owned()),
        ("AUTH_HOOK_SECRET", "v1,whsec_c2VjcmV0IG9mIFN1cGFiYXNlIEF1dGgsIGluIHRlc3Rz".to_owned()),
    ];
    let variables = BTreeMap::from(variables.map(|(name, value)| (name.to_owned(), value)));
    let mut stack = start_apart(root, "test", variables.clone()).await?;
    if let Runs::Here(started) = &mut stack.runs {
        let command = providers(root, first.gateway, first.database, second.functions);
        started.start_program("the stand-ins of the providers", command, "providers")?;
    }
    stack.environment.extend(variables);
    stack.environment.insert("PROVIDERS_URL".to_owned(), at(first.gateway));
    Ok(stack)
}

/// Builds the stand-ins of the providers, which run as a program of their own.
///
/// # Errors
/// When they do not compile.
pub fn build_providers(root: &Path) -> Result<()> {
    let step = Step::start("building the stand-ins of the providers");
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--package", "providers"]).current_dir(root);
    step.run(&mut build, &project::logs(root).join("build-providers.log"))?;
    step.done("");
    Ok(())
}

/// The stand-ins of the providers on these ports; they end with whoever starts them.
pub fn providers(root: &Path, control: u16, whapi: u16, resend: u16) -> Command {
    let mut command = Command::new(project::target(root).join("debug/providers"));
    command
        .args(["--port", &control.to_string()])
        .args(["--whapi-port", &whapi.to_string()])
        .args(["--resend-port", &resend.to_string()])
        .arg("--with-parent");
    command
}

/// A new local stack under a name of its own, whose Worker has these variables too.
///
/// # Errors
/// What kept it from starting, in one line.
pub async fn start_apart(
    root: &Path,
    name: &str,
    variables: BTreeMap<String, String>,
) -> Result<Stack> {
    let mut options = Options::new(root);
    options.variables = variables;
    options.state = state_folder(root).join(name);
    options.fresh = true;
    options.ports = Ports::free()?;
    Ok(launch(options).await?)
}

/// Starts the stack as a process of its own, which goes on until `cargo xtask stop`.
///
/// # Errors
/// What kept it from starting, in one line.
pub async fn detach(root: &Path, fresh: bool) -> Result<StackEnv> {
    let step = Step::start("starting the stack");
    let env = local_supabase::detach(dev_command(root, fresh)?, &state_folder(root)).await?;
    step.done(&env.supabase_url);
    Ok(env)
}

/// Makes sure that a stack runs that goes on after this command.
///
/// # Errors
/// What kept it from starting, in one line.
pub async fn leave_running(root: &Path) -> Result<()> {
    let step = Step::start("starting the stack");
    match local_supabase::detach(dev_command(root, false)?, &state_folder(root)).await {
        Ok(_) => {
            step.done("");
            Ok(())
        }
        Err(Error::AlreadyRunning { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// This program, holding a stack.
fn dev_command(root: &Path, fresh: bool) -> Result<Command> {
    let program = std::env::current_exe().context("this program cannot find itself")?;
    let mut command = Command::new(program);
    command.arg("dev").current_dir(root);
    if fresh {
        command.arg("--fresh");
    }
    Ok(command)
}

/// The project that the environment names, if it does.
async fn elsewhere(root: &Path) -> Result<Option<Stack>> {
    let Some(env) = StackEnv::from_environment()? else {
        return Ok(None);
    };
    eprintln!("  using the project of SUPABASE_URL: {}", env.supabase_url);
    let functions = match std::env::var_os("FUNCTIONS_URL") {
        Some(_) => None,
        None => Some(Box::new(Functions::start(root, &env).await?)),
    };
    std::fs::create_dir_all(state_folder(root))?;
    env.write(&state_folder(root).join("stack.env"))?;
    Ok(Some(Stack::new(env, Runs::Elsewhere(functions))))
}

async fn launch(options: Options) -> std::result::Result<Stack, Error> {
    let shown = Shown(Mutex::new(None));
    let stack = local_supabase::start(options, &shown).await?;
    shown.next(None);
    Ok(Stack::new(stack.env().clone(), Runs::Here(Box::new(stack))))
}

impl Stack {
    fn new(env: StackEnv, runs: Runs) -> Self {
        let environment =
            env.variables().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { env, environment, runs }
    }

    /// How to reach it.
    pub fn env(&self) -> &StackEnv {
        &self.env
    }

    /// The same as variables, those of `.griot/stack.env`.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Works with it, unless Ctrl-C or the end of one of its servers comes first.
    ///
    /// # Errors
    /// Those of the work, or that it was cut short.
    pub async fn serve<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            done = work => done,
            ended = self.wait() => {
                ended?;
                bail!("interrupted")
            }
        }
    }

    /// Answers on Ctrl-C, and with an error when one of our servers ends.
    ///
    /// # Errors
    /// Which server ended, and its last words.
    pub async fn wait(&mut self) -> Result<()> {
        match &mut self.runs {
            Runs::Here(stack) => Ok(stack.wait_for_ctrl_c().await?),
            Runs::Elsewhere(Some(functions)) => functions.wait().await,
            Runs::Elsewhere(None) => Ok(tokio::signal::ctrl_c().await?),
        }
    }

    /// Ends what we started.
    pub async fn stop(self) {
        match self.runs {
            Runs::Here(stack) => stack.stop().await,
            Runs::Elsewhere(Some(functions)) => functions.stop().await,
            Runs::Elsewhere(None) => {}
        }
    }
}

/// Shows what the start is at, one step after the other.
struct Shown(Mutex<Option<Step>>);

impl Shown {
    fn next(&self, step: Option<Step>) {
        // A poisoned lock would only mean that a step was not shown.
        if let Ok(mut current) = self.0.lock()
            && let Some(done) = std::mem::replace(&mut *current, step)
        {
            done.done("");
        }
    }
}

impl Progress for Shown {
    fn begin(&self, step: &str) {
        self.next(None);
        self.next(Some(Step::start(step)));
    }
}
