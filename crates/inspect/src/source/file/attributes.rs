//! What lies beside a file's content: extended attributes, POSIX access lists, Linux capabilities.
//!
//! Values of attributes are kept as digests: they may hold anything. Access lists and capabilities are rights, and are
//! spelled out as `getfacl` and `getcap` do.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::fd::BorrowedFd;

use aws_lc_rs::digest;
use rustix::fs::{fgetxattr, flistxattr};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

/// The system's own limit on a list of names, and on a value.
const LIMIT_BYTES: usize = 64 * 1024;
const ACL: &str = "system.posix_acl_access";
const ACL_DEFAULT: &str = "system.posix_acl_default";
const CAPABILITY: &str = "security.capability";

/// What was found beside the content. The order of the fields is that of the JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attributes {
    /// Names, and the digests of their values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) xattrs: BTreeMap<String, String>,
    /// Who may do what, as `getfacl` writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) acl: Option<String>,
    /// What files made in a directory get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) acl_default: Option<String>,
    /// What a program may do beyond the rights of who runs it, as `getcap` writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) capabilities: Option<String>,
}

impl Attributes {
    /// Of an open file or directory. A file system without them has none.
    pub(super) fn of(file: BorrowedFd<'_>, buffer: &mut Vec<u8>) -> Result<Option<Self>, Errno> {
        let names = match listed(file, buffer) {
            Ok(names) if names.is_empty() => return Ok(None),
            Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(None),
            names => names?,
        };
        let mut found = Self::default();
        for name in names {
            buffer.resize(LIMIT_BYTES, 0);
            let value = match fgetxattr(file, name.as_slice(), &mut buffer[..]) {
                Ok(length) => &buffer[..length],
                // It was listed, and is gone.
                Err(Errno::NODATA) => continue,
                Err(errno) => return Err(errno),
            };
            let text = String::from_utf8_lossy(&name).into_owned();
            let spelled = match text.as_str() {
                ACL => acl(value).map(|acl| found.acl = Some(acl)),
                ACL_DEFAULT => acl(value).map(|acl| found.acl_default = Some(acl)),
                CAPABILITY => capabilities(value).map(|it| found.capabilities = Some(it)),
                _ => None,
            };
            // Of another version than is known here: it is an attribute like others then.
            if spelled.is_none() {
                let digest = digest::digest(&digest::SHA256, value);
                let hex = digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
                    let _ = write!(hex, "{byte:02x}");
                    hex
                });
                found.xattrs.insert(text, hex);
            }
        }
        Ok((found != Self::default()).then_some(found))
    }

    /// Appends the fields to an object that has some already.
    pub(super) fn write_json(&self, out: &mut Vec<u8>) {
        let text = serde_json::to_vec(self).expect("its keys are texts");
        if text.len() > 2 {
            out.push(b',');
            out.extend_from_slice(&text[1..text.len() - 1]);
        }
    }
}

fn listed(file: BorrowedFd<'_>, buffer: &mut Vec<u8>) -> Result<Vec<Vec<u8>>, Errno> {
    buffer.resize(LIMIT_BYTES, 0);
    let length = flistxattr(file, &mut buffer[..])?;
    let names = buffer[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty());
    Ok(names.map(<[u8]>::to_vec).collect())
}

/// Version 2 of the kernel's own form (`linux/posix_acl_xattr.h`): a version, then entries of tag, rights and id.
fn acl(value: &[u8]) -> Option<String> {
    let (version, entries) = value.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*version) != 2 || !entries.len().is_multiple_of(8) {
        return None;
    }
    let mut text = String::new();
    for entry in entries.chunks_exact(8) {
        let half = |at: usize| u16::from_le_bytes([entry[at], entry[at + 1]]);
        let id = u32::from_le_bytes([entry[4], entry[5], entry[6], entry[7]]);
        let who = match half(0) {
            0x01 => "user:".to_owned(),
            0x02 => format!("user:{id}"),
            0x04 => "group:".to_owned(),
            0x08 => format!("group:{id}"),
            0x10 => "mask:".to_owned(),
            0x20 => "other:".to_owned(),
            _ => return None,
        };
        let right = |bit: u16, sign: char| if half(2) & bit == 0 { '-' } else { sign };
        let comma = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{comma}{who}:{}{}{}", right(4, 'r'), right(2, 'w'), right(1, 'x'));
    }
    Some(text)
}

/// In the order of their numbers (`linux/capability.h`).
static CAPABILITIES: [&str; 41] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

/// Versions 2 and 3 of the kernel's own form (`linux/capability.h`, `vfs_cap_data`): permitted and inheritable, low
/// half and high half.
fn capabilities(value: &[u8]) -> Option<String> {
    let word = |at: usize| -> Option<u32> { Some(u32::from_le_bytes(value.get(at * 4..at * 4 + 4)?.try_into().ok()?)) };
    let magic = word(0)?;
    if !matches!((magic >> 24, value.len()), (2, 20) | (3, 24)) {
        return None;
    }
    let wide = |low: usize| Some(u64::from(word(low)?) | u64::from(word(low + 2)?) << 32);
    let (permitted, inheritable) = (wide(1)?, wide(2)?);
    let effective = if magic & 1 == 0 { "" } else { "e" };
    let mut parts = Vec::new();
    for (set, sign) in [
        (permitted & !inheritable, format!("{effective}p")),
        (permitted & inheritable, format!("{effective}ip")),
        (inheritable & !permitted, "i".to_owned()),
    ] {
        let name = |bit: usize| CAPABILITIES.get(bit).map_or_else(|| bit.to_string(), |name| (*name).to_owned());
        let names: Vec<String> =
            (0..64).filter(|bit| set >> bit & 1 == 1).map(|bit| format!("cap_{}", name(bit))).collect();
        if !names.is_empty() {
            parts.push(format!("{}={sign}", names.join(",")));
        }
    }
    Some(parts.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_spelled_as_the_systems_tools_spell_them() {
        let entry = |tag: u16, rights: u16, id: u32| -> Vec<u8> {
            [&tag.to_le_bytes()[..], &rights.to_le_bytes(), &id.to_le_bytes()].concat()
        };
        let list =
            [entry(1, 6, u32::MAX), entry(2, 7, 1_000), entry(4, 4, u32::MAX), entry(0x10, 5, 0), entry(0x20, 0, 0)];
        let value = [&2_u32.to_le_bytes()[..], &list.concat()].concat();
        assert_eq!(acl(&value).unwrap(), "user::rw-,user:1000:rwx,group::r--,mask::r-x,other::---");
        assert_eq!(acl(&value[..value.len() - 1]), None);
        assert_eq!(acl(&1_u32.to_le_bytes()), None);

        let data = |magic: u32, words: [u32; 4]| -> Vec<u8> {
            [magic].iter().chain(&words).flat_map(|word| word.to_le_bytes()).collect()
        };
        assert_eq!(capabilities(&data(0x0200_0001, [1 << 10, 0, 0, 0])).unwrap(), "cap_net_bind_service=ep");
        assert_eq!(capabilities(&data(0x0200_0000, [0, 1 << 1, 1 << 7, 0])).unwrap(), "cap_bpf=p cap_dac_override=i");
        assert_eq!(capabilities(&data(0x0400_0000, [1, 0, 0, 0])), None);
    }
}
