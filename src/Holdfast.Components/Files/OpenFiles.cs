using System.Globalization;
using Holdfast.Components.Files.Paths;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Files;

/// <summary>The files that processes of this machine have open at one moment. Source: proc(5), /proc/pid/fd.</summary>
internal sealed class OpenFiles
{
    private readonly List<(string Path, string Process)> _open = [];
    private bool _isPartial;

    /// <summary>Examines all processes except this one.</summary>
    public static OpenFiles Look()
    {
        var files = new OpenFiles();
        foreach (var process in Disk.Names("/proc").Where(name => char.IsAsciiDigit(name[0]) && name != Environment.ProcessId.ToString(CultureInfo.InvariantCulture)))
            files.Add(process);
        return files;
    }

    /// <summary>Returns the process that has a path or something below it open; null when none has.</summary>
    public string? HolderOf(string path) =>
        _open.Find(open => open.Path == path || open.Path.StartsWith(path + "/", StringComparison.Ordinal) || open.Path.StartsWith(path + "-", StringComparison.Ordinal)).Process
        ?? (_isPartial ? "a process that this user may not look at" : null);

    private void Add(string process)
    {
        try
        {
            foreach (var descriptor in LocalEntries.Names($"/proc/{process}/fd"))
                if (TargetOf($"/proc/{process}/fd/{descriptor}") is ['/', ..] path) _open.Add((path, $"process {process}"));
        }
        catch (IOException)
        {
            // The process has ended, or belongs to another user and is not accessible.
            _isPartial |= Disk.TypeOf($"/proc/{process}") is not null && !Environment.IsPrivilegedProcess;
        }
    }

    private static string? TargetOf(string descriptor)
    {
        try
        {
            return LocalEntries.LinkTarget(descriptor);
        }
        catch (IOException)
        {
            return null; // closed meanwhile
        }
    }
}
