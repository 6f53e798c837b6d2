//! The host itself: load, memory, disks, how long it has been up.

use serde_json::{Map, Value, json};
use sysinfo::{Disks, System};

use super::check::{Seen, State};
use super::config::HostLimits;

/// File systems in memory, and those that are full by nature.
const NO_DISKS: [&str; 9] =
    ["tmpfs", "devtmpfs", "squashfs", "overlay", "iso9660", "ramfs", "efivarfs", "fuse.snapfuse", "erofs"];
/// Disks that are listed.
const LISTED: usize = 32;

pub(super) fn look(limits: HostLimits) -> Seen {
    let mut seen = Seen::new(State::Up, None);
    let Ok(mut system) = System::new() else { return Seen::unknown("the figures of this host cannot be read") };
    system.refresh_memory();
    let (total, free) = (system.total_memory(), system.available_memory());
    seen.figure("memory_bytes", total);
    seen.figure("memory_free_bytes", free);
    seen.figure("swap_bytes", system.total_swap());
    seen.figure("swap_used_bytes", system.used_swap());
    if total == 0 {
        return Seen::unknown("how much memory this host has cannot be read");
    }
    let share = percent(free, total);
    if share < limits.memory_free_percent_min {
        seen.degrade(format!("{share:.1}% of memory is free; {}% at least", limits.memory_free_percent_min));
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    seen.figure("cores", cores);
    if let Ok(load) = System::load_average() {
        seen.figures.insert("load".to_owned(), json!([load.one, load.five, load.fifteen]));
        if load.five / cores as f64 > limits.load_per_core_max {
            let most = limits.load_per_core_max;
            seen.degrade(format!("a load of {:.1} on {cores} cores; {most} for each at most", load.five));
        }
    }
    System::uptime().into_iter().for_each(|uptime| seen.figure("uptime_s", uptime));
    System::boot_time().into_iter().for_each(|boot| seen.figure("booted_s", boot));
    disks(&mut seen, limits);
    seen
}

fn disks(seen: &mut Seen, limits: HostLimits) {
    let Ok(disks) = Disks::new_with_refreshed_list() else {
        seen.degrade("the disks of this host cannot be listed".to_owned());
        return;
    };
    let mut told: Vec<Map<String, Value>> = Vec::new();
    for disk in &disks {
        let kind = disk.file_system().to_string_lossy();
        let is_root = disk.mount_point() == std::path::Path::new("/");
        if disk.total_space() == 0 || (NO_DISKS.contains(&&*kind) && !is_root) {
            continue;
        }
        let at = disk.mount_point().to_string_lossy().into_owned();
        let share = percent(disk.available_space(), disk.total_space());
        if share < limits.disk_free_percent_min && !disk.is_read_only() {
            seen.degrade(format!("{share:.1}% of {at} is free; {}% at least", limits.disk_free_percent_min));
        }
        if told.len() < LISTED {
            let value =
                json!({"at": at, "kind": kind, "bytes": disk.total_space(), "free_bytes": disk.available_space()});
            told.extend(value.as_object().cloned());
        }
    }
    seen.figures.insert("disks".to_owned(), json!(told));
}

fn percent(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole as f64
}
