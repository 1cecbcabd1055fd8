using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Hosts;

/// <summary>Where journals and locks are kept: "runs/ID.jsonl", "locks/PLATFORM", "stopped/PLATFORM.json", "profiles/PLATFORM.yaml".</summary>
public sealed class StateDirectory(string path)
{
    private const string What = "The state directory";

    /// <summary>Twice the 1 MiB that a profile, the largest of the small files, may have; in bytes.</summary>
    private const int LargestFile = 2 << 20;

    /// <summary>$HOLDFAST_STATE; else /var/lib/holdfast for root, $XDG_STATE_HOME/holdfast or ~/.local/state/holdfast for others.</summary>
    public static StateDirectory Default(Func<string, string?> environment, bool isRoot)
    {
        if (environment("HOLDFAST_STATE") is { Length: > 0 } chosen) return new StateDirectory(System.IO.Path.GetFullPath(chosen));
        if (isRoot) return new StateDirectory("/var/lib/holdfast");
        var home = environment("XDG_STATE_HOME") is { Length: > 0 } state ? state : System.IO.Path.Combine(environment("HOME") ?? "/", ".local/state");
        return new StateDirectory(System.IO.Path.Combine(home, "holdfast"));
    }

    public string Path { get; } = path;

    /// <summary>The folder of journals; created when it does not exist.</summary>
    internal string Runs => Folder("runs");

    /// <summary>The folder of locks; created when it does not exist.</summary>
    internal string Locks => Folder("locks");

    /// <summary>The journals, oldest first; none when nothing was ever run here.</summary>
    internal IReadOnlyList<string> Journals()
    {
        Guard();
        var runs = System.IO.Path.Combine(Path, "runs");
        return Directory.Exists(runs) ? [.. Directory.GetFiles(runs, "*.jsonl").Order(StringComparer.Ordinal)] : [];
    }

    /// <summary>
    /// Writes a small file into a folder of the state directory, unless it has this content already; the write is
    /// atomic and durable.
    /// </summary>
    /// <exception cref="ProblemException">The file cannot be written.</exception>
    internal void Write(string folder, string name, ReadOnlySpan<byte> content)
    {
        var file = System.IO.Path.Combine(Folder(folder), name);
        try
        {
            if (File.Exists(file) && content.SequenceEqual(OwnedFile.ReadBytes(file, LargestFile))) return;
            var temporary = file + ".new";
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, file, overwrite: true);
            LibC.SyncDirectory(System.IO.Path.GetDirectoryName(file)!);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.StateUnwritable.Throwable($"'{file}' cannot be written: {refused.Message.TrimEnd('.')}.", refused);
        }
    }

    /// <summary>Reads a small file of a folder of the state directory.</summary>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="ProblemException">Another user could have written it.</exception>
    internal byte[] Read(string folder, string name)
    {
        Guard();
        return OwnedFile.ReadBytes(System.IO.Path.Combine(Path, folder, name), LargestFile);
    }

    /// <summary>A user who can write here decides what a recovery does as the running user.</summary>
    private void Guard() => GuardedPath.Require(Path, What);

    private string Folder(string name)
    {
        var folder = System.IO.Path.Combine(Path, name);
        try
        {
            PrivateFolder.Make(folder);
            GuardedPath.Require(folder, What);
            return folder;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.StateUnwritable.Throwable($"The state directory '{Path}' cannot be made: {refused.Message.TrimEnd('.')}.", refused);
        }
    }
}
