using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Running;

/// <summary>Where journals and locks are kept: "runs/ID.jsonl", "locks/PLATFORM", "stopped/PLATFORM.json", "profiles/PLATFORM.yaml".</summary>
public sealed class StateDirectory(string path)
{
    /// <summary>$HOLDFAST_STATE; else /var/lib/holdfast for root, $XDG_STATE_HOME/holdfast or ~/.local/state/holdfast for others.</summary>
    public static StateDirectory Default(Func<string, string?> environment, bool isRoot)
    {
        if (environment("HOLDFAST_STATE") is { Length: > 0 } chosen) return new StateDirectory(System.IO.Path.GetFullPath(chosen));
        if (isRoot) return new StateDirectory("/var/lib/holdfast");
        var home = environment("XDG_STATE_HOME") is { Length: > 0 } state ? state : System.IO.Path.Combine(environment("HOME") ?? "/", ".local/state");
        return new StateDirectory(System.IO.Path.Combine(home, "holdfast"));
    }

    public string Path { get; } = path;

    /// <summary>The folder of journals; made when it is not there.</summary>
    internal string Runs => Folder("runs");

    /// <summary>The folder of locks; made when it is not there.</summary>
    internal string Locks => Folder("locks");

    /// <summary>The journals, oldest first; none when nothing was ever run here.</summary>
    internal IReadOnlyList<string> Journals()
    {
        var runs = System.IO.Path.Combine(Path, "runs");
        return Directory.Exists(runs) ? [.. Directory.GetFiles(runs, "*.jsonl").Order(StringComparer.Ordinal)] : [];
    }

    /// <summary>Writes a small file into a folder of it, unless it is there already: it is whole and durable, or as it was.</summary>
    /// <exception cref="ProblemException">It can not be written.</exception>
    internal void Write(string folder, string name, ReadOnlySpan<byte> content)
    {
        var file = System.IO.Path.Combine(Folder(folder), name);
        try
        {
            if (File.Exists(file) && content.SequenceEqual(File.ReadAllBytes(file))) return;
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
            throw Catalogue.StateUnwritable.Throwable($"'{file}' can not be written: {refused.Message.TrimEnd('.')}.", refused);
        }
    }

    private string Folder(string name)
    {
        var folder = System.IO.Path.Combine(Path, name);
        try
        {
            PrivateFolder.Make(folder);
            return folder;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.StateUnwritable.Throwable($"The state directory '{Path}' can not be made: {refused.Message.TrimEnd('.')}.", refused);
        }
    }
}
