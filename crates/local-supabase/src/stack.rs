//! Starting and stopping everything, in order.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use axum::serve::ListenerExt as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use crate::env::{Account, StackEnv};
use crate::gateway::{ApiKeys, Gateway, Upstreams};
use crate::jwt::Tokens;
use crate::place::Place;
use crate::process::{Guard, Identity, PidFile, Service};
use crate::restart::Parts;
use crate::secrets::Secrets;
use crate::servers::{self, free_port};
use crate::tools::Tools;
use crate::{Error, Options, Ports, Progress, demo_users, migrations, postgres, webhooks};

/// A running stack. [`Stack::stop`] ends it; if it is dropped, or this process dies, the guard does.
#[derive(Debug)]
pub struct Stack {
    pub(crate) env: StackEnv,
    /// In the order they were started.
    pub(crate) services: Vec<Service>,
    pub(crate) tasks: Vec<JoinHandle<()>>,
    /// What its servers were started with.
    pub(crate) parts: Option<Parts>,
    guard: Option<Guard>,
    pid_file: PathBuf,
    env_file: PathBuf,
    signals: [Signal; 3],
}

/// Starts the stack and answers when everything is ready to use.
///
/// 1. clean up what an earlier stack left; check the ports and the programs
/// 2. PostgreSQL, and the roles and schemas of a hosted project on a new cluster
/// 3. Auth and Storage, which make their own tables
/// 4. the migrations and the seed, if they changed
/// 5. PostgREST, webhooks and the gateway
/// 6. the demo accounts
/// 7. the functions
///
/// # Errors
/// See [`Error`]. What was started until then is stopped again.
pub async fn start(options: Options, progress: &dyn Progress) -> Result<Stack, Error> {
    let mut stack = Stack::begin(&options).await?;
    let mut told = signals()?;
    let brought_up = tokio::select! {
        result = stack.bring_up(&options, progress) => result,
        () = any(&mut told) => Err(Error::Interrupted),
    };
    match brought_up {
        Ok(()) => Ok(stack),
        Err(error) => {
            stack.stop().await;
            Err(error)
        }
    }
}

/// Ctrl-C, SIGTERM and the end of the terminal.
fn signals() -> Result<[Signal; 3], Error> {
    let listen =
        |kind| signal(kind).map_err(|source| Error::Spawn { what: "the signal handlers", source });
    Ok([
        listen(SignalKind::interrupt())?,
        listen(SignalKind::terminate())?,
        listen(SignalKind::hangup())?,
    ])
}

async fn any([interrupt, terminate, hangup]: &mut [Signal; 3]) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}

impl Stack {
    async fn begin(options: &Options) -> Result<Self, Error> {
        std::fs::create_dir_all(&options.state).map_err(Error::file(&options.state))?;
        let pid_file = options.state.join("stack.pid");
        if let Some(earlier) = PidFile::read(&pid_file) {
            if earlier.supervisor.is_alive() {
                return Err(Error::AlreadyRunning { pid: earlier.supervisor.pid });
            }
            earlier.end_services().await;
        }
        let stack = Self {
            env: environment(&Secrets::load(&options.state.join("keys.json"))?, &options.ports)?,
            services: Vec::new(),
            tasks: Vec::new(),
            parts: None,
            guard: Some(Guard::start()?),
            pid_file,
            env_file: options.state.join("stack.env"),
            signals: signals()?,
        };
        stack.record(false)?;
        Ok(stack)
    }

    async fn bring_up(&mut self, options: &Options, progress: &dyn Progress) -> Result<(), Error> {
        let root = options.root.canonicalize().map_err(Error::file(&options.root))?;
        let tools = Tools::find(&root)?;
        let place = Place::find(&root, &options.state)?;
        check_ports(options)?;
        // For whoever looks for the data, or wants to delete a project altogether.
        let note = options.state.join("database-folder");
        std::fs::write(&note, place.database.as_os_str().as_encoded_bytes())
            .map_err(Error::file(&note))?;
        if options.fresh {
            place.forget()?;
        }
        let secrets = Secrets::load(&options.state.join("keys.json"))?;
        let tokens = Tokens::new(&secrets, &self.env.supabase_url)?;
        let http = reqwest::Client::new();
        let upstreams = Upstreams {
            rest: free_port()?,
            lite: free_port()?,
            functions: options.ports.functions,
        };
        let postgrest_admin = free_port()?;
        let port = options.ports.database;

        progress.begin("starting PostgreSQL");
        let (service, new) =
            postgres::start(&place, &tools, &secrets, port, options.durable, self.guard()?).await?;
        self.add(service)?;
        let address = postgres::url("postgres", &secrets.database_password, port);
        let database = postgres::connect(&address).await?;
        let prepared =
            database.query_one("select to_regclass('auth.users') is not null", &[]).await;
        let prepared: bool =
            prepared.and_then(|row| row.try_get(0)).map_err(Error::database("its state"))?;
        if new || !prepared {
            bootstrap(&database, &secrets).await?;
        }

        progress.begin("starting Auth and Storage");
        let lite = servers::start_lite(
            &place,
            &tools,
            &secrets,
            (port, upstreams.lite),
            !prepared,
            self.guard()?,
        )?;
        self.add(lite)?;
        let rest_ports = (port, upstreams.rest, postgrest_admin);
        let postgrest =
            servers::start_postgrest(&place, &tools, &secrets, &tokens, rest_ports, self.guard()?)?;
        self.add(postgrest)?;
        let [_, lite, postgrest, ..] = self.services.as_mut_slice() else {
            return Err(Error::NotRunning);
        };
        servers::lite_is_ready(lite, &http, upstreams.lite).await?;
        if !prepared {
            let sql = include_str!("after_lite.sql");
            database
                .batch_execute(sql)
                .await
                .map_err(Error::database("the grants on auth and storage"))?;
        }

        progress.begin("applying migrations");
        let migrated = migrations::apply(&place, &tools, &secrets.database_password, port).await?;

        progress.begin("starting PostgREST and the gateway");
        servers::postgrest_is_ready(postgrest, &http, postgrest_admin).await?;
        if migrated {
            // It may have read the schema before the migrations and missed their notice.
            database
                .batch_execute("notify pgrst, 'reload schema'")
                .await
                .map_err(Error::database("a notice"))?;
        }
        let keys = api_keys(&secrets, &self.env);
        let gateway = Gateway::new(tokens, keys, upstreams, postgres::connect(&address).await?);
        let listener = tokio::net::TcpListener::bind(loopback(options.ports.gateway)).await;
        let listener = listener
            .map_err(|_| Error::PortTaken { port: options.ports.gateway, what: "the gateway" })?;
        // A head and a body are two writes, and the second would wait 40 ms for the first's receipt.
        let listener = listener.tap_io(|connection| {
            // At worst it is slow.
            let _ = connection.set_nodelay(true);
        });
        let router = gateway.router();
        self.tasks.push(tokio::spawn(async move {
            // Ends with the task.
            let _ = axum::serve(listener, router).await;
        }));
        self.tasks.push(webhooks::start(&address, http.clone()).await?);

        progress.begin("making the demo accounts");
        demo_users::ensure(&self.env, &database, &http).await?;
        self.env.write(&self.env_file)?;

        if options.functions {
            progress.begin("starting the functions");
            let env = self.env.clone();
            let variables = servers::worker_variables(&env, |name| {
                options.variables.get(name).cloned().or_else(|| std::env::var(name).ok())
            });
            let worker =
                servers::start_functions(&place, &tools, &variables, upstreams, self.guard()?)?;
            self.add(worker)?;
            if let Some(worker) = self.services.last_mut() {
                servers::functions_are_ready(worker, &http, upstreams.functions).await?;
            }
        }
        self.parts = Some(Parts {
            place,
            tools,
            secrets,
            http,
            database: port,
            durable: options.durable,
            rest: upstreams.rest,
            rest_admin: postgrest_admin,
        });
        self.record(true)
    }

    pub(crate) fn guard(&mut self) -> Result<&mut Guard, Error> {
        self.guard.as_mut().ok_or(Error::NotRunning)
    }

    fn add(&mut self, service: Service) -> Result<(), Error> {
        self.services.push(service);
        self.record(false)
    }

    /// Writes down who must be ended, should this process not be able to.
    pub(crate) fn record(&self, ready: bool) -> Result<(), Error> {
        let supervisor = Identity::of(std::process::id()).ok_or(Error::NotRunning)?;
        let services =
            self.services.iter().filter_map(|service| Identity::of(service.pid())).collect();
        PidFile { supervisor, ready, services }.write(&self.pid_file)
    }

    /// How to reach it.
    #[must_use]
    pub fn env(&self) -> &StackEnv {
        &self.env
    }

    /// PostgREST itself, without the gateway's keys and paths, for those who measure it.
    ///
    /// # Errors
    /// When it does not run.
    pub fn postgrest_url(&self) -> Result<String, Error> {
        let rest = self.parts.as_ref().ok_or(Error::NotRunning)?.rest;
        Ok(format!("http://127.0.0.1:{rest}"))
    }

    /// Answers on Ctrl-C, SIGTERM or SIGHUP, and with an error when a server of the stack ends.
    ///
    /// # Errors
    /// [`Error::NotReady`] names the server that ended and its last words.
    pub async fn wait_for_ctrl_c(&mut self) -> Result<(), Error> {
        let mut look = tokio::time::interval(std::time::Duration::from_millis(500));
        loop {
            tokio::select! {
                () = any(&mut self.signals) => return Ok(()),
                _ = look.tick() => {
                    for service in &mut self.services {
                        if let Some(reason) = service.ended() {
                            return Err(Error::NotReady { what: service.name, reason, log: service.log.clone() });
                        }
                    }
                }
            }
        }
    }

    /// Ends every process of the stack, the database last.
    pub async fn stop(mut self) {
        for task in self.tasks.drain(..) {
            task.abort();
        }
        while let Some(mut service) = self.services.pop() {
            service.stop().await;
        }
        if let Some(guard) = self.guard.take() {
            guard.dismiss();
        }
        // Gone already if somebody tidied up.
        let _ = std::fs::remove_file(&self.pid_file);
    }

    /// Ends it and deletes all its files, keys and logs included: it was made for one use.
    ///
    /// # Errors
    /// When a file cannot be deleted.
    pub async fn remove(self) -> Result<(), Error> {
        let place = self.parts.as_ref().map(|parts| parts.place.clone());
        self.stop().await;
        place.ok_or(Error::NotRunning)?.remove()
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn check_ports(options: &Options) -> Result<(), Error> {
    let ports = options.ports;
    let functions = options.functions.then_some((ports.functions, "the functions"));
    let all =
        [Some((ports.gateway, "the gateway")), Some((ports.database, "PostgreSQL")), functions];
    for (port, what) in all.into_iter().flatten() {
        TcpListener::bind(loopback(port)).map_err(|_| Error::PortTaken { port, what })?;
    }
    Ok(())
}

async fn bootstrap(database: &tokio_postgres::Client, secrets: &Secrets) -> Result<(), Error> {
    // One transaction: a start that is cut off leaves an empty cluster, not half a project.
    let password =
        format!("alter role authenticator password '{}';", secrets.authenticator_password);
    let sql = format!("begin; {} {password} commit;", include_str!("bootstrap.sql"));
    let known =
        database.query_opt("select 1 from pg_roles where rolname = 'authenticator'", &[]).await;
    if known.map_err(Error::database("its roles"))?.is_some() {
        return Ok(());
    }
    database.batch_execute(&sql).await.map_err(Error::database("its first schemas"))
}

fn environment(secrets: &Secrets, ports: &Ports) -> Result<StackEnv, Error> {
    let supabase_url = format!("http://127.0.0.1:{}", ports.gateway);
    let tokens = Tokens::new(secrets, &supabase_url)?;
    let account = |name: &str, password: &str| {
        Some(Account { email: format!("{name}@griot.test"), password: password.to_owned() })
    };
    // Legacy keys are the same at every start, as keys are: they count from a fixed day.
    let day = secrets.created_at;
    Ok(StackEnv {
        publishable_key: secrets.publishable_key.clone(),
        secret_key: secrets.secret_key.clone(),
        anon_key: tokens.legacy_key("anon", day)?,
        service_role_key: tokens.legacy_key("service_role", day)?,
        functions_url: format!("http://127.0.0.1:{}/api", ports.functions),
        database_url: Some(postgres::url("postgres", &secrets.database_password, ports.database)),
        admin: account("admin", &secrets.admin_password),
        tutor: account("tutor", &secrets.tutor_password),
        student: account("student", &secrets.student_password),
        supabase_url,
    })
}

fn api_keys(secrets: &Secrets, env: &StackEnv) -> ApiKeys {
    ApiKeys {
        publishable: secrets.publishable_key.clone(),
        secret: secrets.secret_key.clone(),
        anon: env.anon_key.clone(),
        service_role: env.service_role_key.clone(),
    }
}
