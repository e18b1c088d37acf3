//! Rust's standard library on files, directories and standard streams: the same natively and in Twine. Each check prints a section
//! "== SENTENCE" and works in a directory cN of its own; see run.py.
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

type Check = (&'static str, fn(&Path) -> io::Result<()>);

/// What came of an operation: "done", or the kind of its error.
fn told<T>(result: io::Result<T>) -> String {
    match result {
        Ok(_) => "done".to_string(),
        Err(error) => format!("{:?}", error.kind()),
    }
}

/// Kinds that this release of Rust does not name come as `Uncategorized` or under an unstable name: then only that it failed is told.
fn failed<T>(result: io::Result<T>) -> bool {
    result.is_err()
}

const CHECKS: &[Check] = &[
    ("fs::write and fs::read_to_string are each other's inverse", |at| {
        fs::write(at.join("a"), "grüße €")?;
        println!("{}", fs::read_to_string(at.join("a"))?);
        Ok(())
    }),
    ("Opening a file that is not there is NotFound", |at| {
        println!("{}", told(File::open(at.join("absent"))));
        Ok(())
    }),
    ("create_new of a file that is there is AlreadyExists", |at| {
        fs::write(at.join("a"), "")?;
        println!("{}", told(OpenOptions::new().write(true).create_new(true).open(at.join("a"))));
        println!("{}", told(OpenOptions::new().write(true).create_new(true).open(at.join("b"))));
        Ok(())
    }),
    ("append writes at the end", |at| {
        fs::write(at.join("a"), "one")?;
        OpenOptions::new().append(true).open(at.join("a"))?.write_all(b"two")?;
        println!("{}", fs::read_to_string(at.join("a"))?);
        Ok(())
    }),
    ("truncate empties a file", |at| {
        fs::write(at.join("a"), "one")?;
        OpenOptions::new().write(true).truncate(true).open(at.join("a"))?;
        println!("{}", fs::metadata(at.join("a"))?.len());
        Ok(())
    }),
    ("A file that is open for reading cannot be written", |at| {
        fs::write(at.join("a"), "one")?;
        println!("{}", failed(File::open(at.join("a"))?.write_all(b"x")));
        Ok(())
    }),
    ("seek and read meet", |at| {
        fs::write(at.join("a"), "abcdefghij")?;
        let mut file = File::open(at.join("a"))?;
        let mut text = String::new();
        println!("{} {}", file.seek(SeekFrom::End(-4))?, file.seek(SeekFrom::Current(1))?);
        file.read_to_string(&mut text)?;
        println!("{} {}", text, told(file.seek(SeekFrom::Current(-100))));
        Ok(())
    }),
    ("set_len cuts and lengthens", |at| {
        let mut file = File::create(at.join("a"))?;
        file.write_all(b"abcdef")?;
        file.set_len(3)?;
        file.set_len(5)?;
        println!("{:?}", fs::read(at.join("a"))?);
        Ok(())
    }),
    ("sync_all and sync_data succeed", |at| {
        let file = File::create(at.join("a"))?;
        println!("{} {}", told(file.sync_all()), told(file.sync_data()));
        Ok(())
    }),
    ("Lines are read through a BufReader as a BufWriter wrote them", |at| {
        let mut writer = BufWriter::new(File::create(at.join("a"))?);
        for i in 0..5000 {
            writeln!(writer, "line {}", i)?;
        }
        writer.into_inner().map_err(|_| ErrorKind::Other)?;
        let lines: Vec<String> = BufReader::new(File::open(at.join("a"))?).lines().collect::<Result<_, _>>()?;
        println!("{} {}", lines.len(), lines[4999]);
        Ok(())
    }),
    ("create_dir_all makes each directory, create_dir only one", |at| {
        println!("{}", told(fs::create_dir(at.join("a/b"))));
        println!("{}", told(fs::create_dir_all(at.join("a/b/c/d"))));
        println!("{} {}", told(fs::create_dir_all(at.join("a/b"))), told(fs::create_dir(at.join("a"))));
        Ok(())
    }),
    ("remove_dir refuses a full directory, remove_dir_all does not", |at| {
        fs::create_dir_all(at.join("a/b/c"))?;
        fs::write(at.join("a/b/x"), "x")?;
        fs::write(at.join("a/y"), "y")?;
        println!("{}", failed(fs::remove_dir(at.join("a"))));
        println!("{} {}", told(fs::remove_dir_all(at.join("a"))), at.join("a").exists());
        Ok(())
    }),
    ("read_dir lists each entry once, without dots", |at| {
        for i in 0..500 {
            fs::write(at.join(format!("f{}", i)), "")?;
        }
        let names: Vec<_> = fs::read_dir(at)?.map(|entry| entry.map(|e| e.file_name())).collect::<Result<_, _>>()?;
        println!("{} {}", names.len(), names.iter().collect::<BTreeSet<_>>().len());
        Ok(())
    }),
    ("Entries of read_dir know their types", |at| {
        fs::create_dir(at.join("d"))?;
        fs::write(at.join("f"), "x")?;
        let mut found: Vec<_> = fs::read_dir(at)?
            .map(|entry| entry.and_then(|e| Ok((e.file_name(), e.file_type()?.is_dir(), e.metadata()?.is_file()))))
            .collect::<Result<_, _>>()?;
        found.sort();
        println!("{:?}", found);
        Ok(())
    }),
    ("rename replaces a file and moves a directory", |at| {
        fs::write(at.join("a"), "new")?;
        fs::write(at.join("b"), "old")?;
        fs::create_dir(at.join("d"))?;
        fs::write(at.join("d/x"), "inside")?;
        println!("{} {}", told(fs::rename(at.join("a"), at.join("b"))), told(fs::rename(at.join("d"), at.join("e"))));
        println!("{} {}", fs::read_to_string(at.join("b"))?, fs::read_to_string(at.join("e/x"))?);
        Ok(())
    }),
    ("copy copies contents and tells how much", |at| {
        fs::write(at.join("a"), vec![7u8; 200_000])?;
        println!("{} {}", fs::copy(at.join("a"), at.join("b"))?, fs::read(at.join("b"))? == vec![7u8; 200_000]);
        Ok(())
    }),
    ("hard_link gives a file a second name", |at| {
        fs::write(at.join("a"), "abc")?;
        println!("{}", told(fs::hard_link(at.join("a"), at.join("b"))));
        println!("{} {}", told(fs::remove_file(at.join("a"))), fs::read_to_string(at.join("b"))?);
        Ok(())
    }),
    ("remove_file of nothing is NotFound, of a directory an error", |at| {
        fs::create_dir(at.join("d"))?;
        println!("{} {}", told(fs::remove_file(at.join("absent"))), failed(fs::remove_file(at.join("d"))));
        Ok(())
    }),
    ("metadata tells length, kind and times", |at| {
        fs::write(at.join("a"), "abc")?;
        let status = fs::metadata(at.join("a"))?;
        let age = status.modified()?.elapsed().map(|age| age.as_secs() < 3600);
        println!("{} {} {:?}", status.len(), status.is_file(), age.unwrap_or(true));
        Ok(())
    }),
    ("A file of 5 GiB has its length and its last byte", |at| {
        let mut file = OpenOptions::new().read(true).write(true).create(true).open(at.join("a"))?;
        file.set_len(5 << 30)?;
        let mut byte = [1u8];
        println!("{}", file.seek(SeekFrom::End(-1))?);
        println!("{} {}", file.read(&mut byte)?, byte[0]);
        file.set_len(0)
    }),
    ("A path of many dots ends where it should", |at| {
        fs::create_dir_all(at.join("a/b"))?;
        fs::write(at.join("x"), "found")?;
        println!("{}", fs::read_to_string(at.join("./a/./b/../../a/../x"))?);
        Ok(())
    }),
    ("A thread::sleep takes as long as it says, at least", |_| {
        let start = std::time::Instant::now();
        std::thread::sleep(std::time::Duration::from_millis(5));
        println!("{}", start.elapsed().as_millis() >= 5);
        Ok(())
    }),
    ("A HashMap has its random keys and works", |_| {
        let map: std::collections::HashMap<_, _> = (0..1000).map(|i| (i, i * i)).collect();
        println!("{} {}", map.len(), map[&999]);
        Ok(())
    }),
];

fn main() {
    for (number, (sentence, body)) in CHECKS.iter().enumerate() {
        println!("== {}", sentence);
        let directory = format!("c{}", number);
        let outcome = fs::create_dir(&directory).and_then(|()| body(Path::new(&directory)));
        if let Err(error) = outcome {
            println!("ends with {:?}", error.kind());
        }
    }
}
