//! A loopback proxy between a host and its database that can break what goes through it.
//!
//! It knows nothing of the protocol: it carries bytes, late, or not at all.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// What happens to whatever comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Passage {
    /// It goes through.
    #[default]
    Open,
    /// It goes through so much later, in each direction.
    Late(Duration),
    /// It is held, until the passage is another one: nobody is told, as where a cable is cut.
    Held,
    /// New connections are refused. Those that are there go on.
    Refused,
}

/// A proxy. It ends with the process.
#[derive(Debug, Clone)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    passage: Passage,
    /// How many connections there have been.
    count: u64,
    /// Both ends of each connection that is there, by its number.
    open: BTreeMap<u64, [TcpStream; 2]>,
}

impl Proxy {
    /// A proxy of the server at an address.
    #[must_use]
    pub fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared::default());
        let ours = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                ours.take_in(stream, target);
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What happens from now on to whatever comes.
    pub fn set(&self, passage: Passage) {
        self.shared.lock().passage = passage;
        self.shared.changed.notify_all();
    }

    /// Cuts every connection that is there.
    pub fn cut(&self) {
        for ends in std::mem::take(&mut self.shared.lock().open).values() {
            for end in ends {
                end.shutdown(Shutdown::Both).ok();
            }
        }
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins a client with the server, or drops it.
    fn take_in(self: &Arc<Self>, client: TcpStream, target: SocketAddr) {
        if self.lock().passage == Passage::Refused {
            return;
        }
        let Ok(server) = TcpStream::connect(target) else {
            return;
        };
        client.set_nodelay(true).ok();
        server.set_nodelay(true).ok();
        let handles = || Some([client.try_clone().ok()?, server.try_clone().ok()?]);
        let (Some(there), Some(back), Some(kept)) = (handles(), handles(), handles()) else {
            return;
        };
        let mut state = self.lock();
        state.count += 1;
        let number = state.count;
        state.open.insert(number, kept);
        drop(state);
        let [from, to] = there;
        self.clone().carry(number, from, to);
        let [to, from] = back;
        self.clone().carry(number, from, to);
    }

    /// Carries what comes from one end to the other until either is gone.
    fn carry(self: Arc<Self>, number: u64, mut from: TcpStream, mut to: TcpStream) {
        thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(length @ 1..) = from.read(&mut buffer) {
                let late = self.wait_until_it_may_go(number);
                thread::sleep(late);
                if to.write_all(&buffer[..length]).is_err() {
                    break;
                }
            }
            from.shutdown(Shutdown::Both).ok();
            to.shutdown(Shutdown::Both).ok();
            self.lock().open.remove(&number);
        });
    }

    /// Waits while everything is held. Returns how late it shall be.
    fn wait_until_it_may_go(&self, number: u64) -> Duration {
        let mut state = self.lock();
        while state.passage == Passage::Held && state.open.contains_key(&number) {
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        match state.passage {
            Passage::Late(by) => by,
            Passage::Open | Passage::Held | Passage::Refused => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sends back what it gets.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().filter_map(Result::ok) {
                thread::spawn(move || {
                    let mut buffer = [0; 16];
                    while let Ok(length @ 1..) = stream.read(&mut buffer) {
                        stream.write_all(&buffer[..length]).ok();
                    }
                });
            }
        });
        address
    }

    fn connect(proxy: &Proxy) -> TcpStream {
        let stream = TcpStream::connect(proxy.address()).unwrap();
        let patience = Duration::from_millis(200);
        stream.set_read_timeout(Some(patience)).unwrap();
        stream
    }

    fn answer(stream: &mut TcpStream) -> Option<u8> {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok().map(|()| byte[0])
    }

    #[test]
    fn what_is_held_goes_on_when_the_passage_is_open_again() {
        let proxy = Proxy::to(echo());
        let mut stream = connect(&proxy);
        stream.write_all(b"a").unwrap();
        assert_eq!(answer(&mut stream), Some(b'a'));
        proxy.set(Passage::Held);
        stream.write_all(b"b").unwrap();
        assert_eq!(answer(&mut stream), None);
        proxy.set(Passage::Late(Duration::from_millis(1)));
        stream.set_read_timeout(None).unwrap();
        assert_eq!(answer(&mut stream), Some(b'b'));
    }

    #[test]
    fn what_is_cut_stays_cut_and_who_is_refused_may_come_again() {
        let proxy = Proxy::to(echo());
        let mut stream = connect(&proxy);
        stream.write_all(b"a").unwrap();
        assert_eq!(answer(&mut stream), Some(b'a'));
        proxy.set(Passage::Refused);
        let mut refused = connect(&proxy);
        refused.write_all(b"a").ok();
        assert_eq!(answer(&mut refused), None);
        stream.write_all(b"b").unwrap();
        assert_eq!(answer(&mut stream), Some(b'b'));
        proxy.cut();
        stream.write_all(b"c").ok();
        assert_eq!(answer(&mut stream), None);
        proxy.set(Passage::Open);
        let mut again = connect(&proxy);
        again.write_all(b"d").unwrap();
        assert_eq!(answer(&mut again), Some(b'd'));
    }
}
