//! A Slurm of the test's own on this machine: its controller, its nodes and their keys are in a folder, on ports that
//! were free, and end with the test.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::launchers::soon;
use crate::space::signal;

/// How many virtual nodes there are, each with two CPUs.
pub const NODES: usize = 4;

/// How long a daemon may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Cluster {
    folder: tempfile::TempDir,
    munge: Option<Child>,
    controller: Option<Child>,
    nodes: Vec<Option<Child>>,
}

impl Cluster {
    /// Starts it; or says why that is not possible.
    pub fn start() -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("only root can start it".to_owned());
        }
        for program in ["slurmctld", "slurmd", "munged", "srun", "setpriv"] {
            let is_there = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
            if !is_there.is_ok_and(|output| output.status.success()) {
                return Err(format!("`{program}` is not installed (Debian: slurm-wlm, munge)"));
            }
        }
        let folder = tempfile::Builder::new().prefix("expops-slurm-").tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut cluster = Self { folder, munge: None, controller: None, nodes: Vec::new() };
        cluster.configure()?;
        cluster.start_munge()?;
        cluster.start_controller();
        cluster.nodes = (1..=NODES).map(|number| Some(cluster.slurmd(number))).collect();
        let is_up = soon(PATIENCE, || cluster.idle() == NODES);
        if is_up { Ok(cluster) } else { Err(format!("it does not start:\n{}", cluster.logs())) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn configuration(&self) -> PathBuf {
        self.path("slurm.conf")
    }

    fn configure(&self) -> Result<(), String> {
        let name = Command::new("hostname").arg("-s").output().map_err(|error| error.to_string())?;
        let host = String::from_utf8_lossy(&name.stdout).trim().to_owned();
        let here = self.folder.path().display();
        let held: Vec<_> = (0..=NODES).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<_> = held.iter().map(|port| port.local_addr().unwrap().port()).collect();
        let mut text = format!(
            "ClusterName=expops-test\nSlurmctldHost={host}(127.0.0.1)\nSlurmctldPort={}\nSlurmUser=root\nSlurmdUser=root\n\
             AuthType=auth/munge\nAuthInfo=socket={here}/munge.socket\nCryptoType=crypto/munge\nMpiDefault=none\n\
             ReturnToService=2\nProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\n\
             JobAcctGatherType=jobacct_gather/linux\nJobAcctGatherFrequency=task=1\nJobAcctGatherParams=OverMemoryKill\n\
             SlurmctldPidFile={here}/slurmctld.pid\nSlurmdPidFile={here}/slurmd-%n.pid\n\
             SlurmctldLogFile={here}/slurmctld.log\nSlurmdLogFile={here}/slurmd-%n.log\n\
             StateSaveLocation={here}/state\nSlurmdSpoolDir={here}/spool-%n\nSchedulerType=sched/backfill\n\
             SelectType=select/cons_tres\nSelectTypeParameters=CR_CPU_Memory\nDefMemPerCPU=500\n\
             SlurmdParameters=config_overrides\nSlurmctldTimeout=30\nSlurmdTimeout=30\nInactiveLimit=0\n\
             MinJobAge=300\nKillWait=2\nWaittime=0\n",
            ports[0]
        );
        for (number, port) in ports.iter().enumerate().skip(1) {
            text += &format!(
                "NodeName=n{number} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=1000 State=UNKNOWN\n"
            );
            fs::create_dir(self.path(&format!("spool-n{number}"))).unwrap();
        }
        text += "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n";
        fs::create_dir(self.path("state")).unwrap();
        fs::write(self.configuration(), text).unwrap();
        fs::write(self.path("cgroup.conf"), "CgroupPlugin=cgroup/v1\n").unwrap();
        Ok(())
    }

    /// A program that ends with the test, however that ends.
    fn daemon(&self, words: &[&str]) -> Child {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).args(words).env("SLURM_CONF", self.configuration());
        let log = fs::File::create(self.path(&format!("{}.out", words[0]))).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
    }

    fn start_munge(&mut self) -> Result<(), String> {
        let key: Vec<u8> = (0..=255).collect();
        let (file, socket) = (self.path("munge.key"), self.path("munge.socket"));
        fs::write(&file, key).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let option = |name: &str, path: &Path| format!("--{name}={}", path.display());
        let words = [
            option("key-file", &file),
            option("socket", &socket),
            option("pid-file", &self.path("munge.pid")),
            option("seed-file", &self.path("munge.seed")),
            option("log-file", &self.path("munge.log")),
        ];
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.munge = Some(self.daemon(&[&["munged", "--foreground", "--force"], words.as_slice()].concat()));
        let is_up = soon(PATIENCE, || socket.exists());
        if is_up { Ok(()) } else { Err("munge does not start".to_owned()) }
    }

    fn start_controller(&mut self) {
        self.controller = Some(self.daemon(&["slurmctld", "-D"]));
    }

    fn slurmd(&self, number: usize) -> Child {
        self.daemon(&["slurmd", "-D", "-N", &format!("n{number}")])
    }

    /// Ends the controller and starts it again.
    pub fn restart_controller(&mut self) {
        if let Some(controller) = &mut self.controller {
            signal(controller, Signal::TERM);
            soon(PATIENCE, || controller.try_wait().unwrap().is_some());
        }
        end(&mut self.controller);
        self.start_controller();
    }

    /// Takes a node away: its jobs are lost.
    pub fn lose(&self, node: &str) {
        self.say("scontrol", &["update", &format!("nodename={node}"), "state=down", "reason=test"]);
    }

    /// Gives back every node that was lost.
    pub fn mend(&self) {
        for number in 1..=NODES {
            self.say("scontrol", &["update", &format!("nodename=n{number}"), "state=resume"]);
        }
    }

    fn idle(&self) -> usize {
        let said = self.say("sinfo", &["--noheader", "--Node", "--format=%t"]);
        said.lines().filter(|line| line.trim() == "idle").count()
    }

    /// The jobs in the queue: their names and where they run.
    pub fn queue(&self) -> Vec<(String, String)> {
        let said = self.say("squeue", &["--noheader", "--format=%j|%N"]);
        let line =
            |line: &str| line.split_once('|').map(|(job, node)| (job.to_owned(), node.trim().to_owned()));
        said.lines().filter_map(line).collect()
    }

    /// Runs one of Slurm's commands, and returns what it prints.
    pub fn say(&self, program: &str, words: &[&str]) -> String {
        let mut command = Command::new("timeout");
        let output = command.args(["20", program]).args(words).env("SLURM_CONF", self.configuration());
        String::from_utf8_lossy(&output.output().unwrap().stdout).into_owned()
    }

    /// Jobs, steps, processes and the ends of the logs, for a test that fails.
    pub fn what_goes_on(&self) -> String {
        let jobs = self.say("scontrol", &["show", "job"]);
        let processes = self.say("ps", &["-eo", "pid,ppid,stat,etimes,wchan:20,args", "--forest"]);
        let logs = self.logs();
        let lines: Vec<_> = logs.lines().collect();
        format!("{jobs}\n{processes}\n{}", lines[lines.len().saturating_sub(300)..].join("\n"))
    }

    fn logs(&self) -> String {
        let files = fs::read_dir(self.folder.path()).unwrap().flatten();
        let texts = files.filter(|file| {
            file.path().extension().is_some_and(|extension| extension == "log" || extension == "out")
        });
        texts
            .map(|file| {
                format!("{:?}:\n{}", file.path(), fs::read_to_string(file.path()).unwrap_or_default())
            })
            .collect()
    }
}

fn end(daemon: &mut Option<Child>) {
    if let Some(mut daemon) = daemon.take() {
        let _ = daemon.kill();
        let _ = daemon.wait();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.controller.is_some() {
            self.say("scancel", &["--quiet", "--user=root"]);
            soon(Duration::from_secs(5), || self.queue().is_empty());
        }
        self.nodes.iter_mut().for_each(end);
        end(&mut self.controller);
        end(&mut self.munge);
    }
}
