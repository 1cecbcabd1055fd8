using Holdfast.Engine.Hosts;

namespace Holdfast.Components.Systemd;

/// <summary>A unit that is active, with what says which part of a platform it is.</summary>
public sealed record RunningUnit
{
    private static readonly string[] _properties = ["Id", "ActiveState", "FragmentPath", "DropInPaths", "WorkingDirectory", "ExecStart", "Triggers", "MainPID"];

    /// <summary>Its full name, as in "shop-worker@1.service".</summary>
    public required string Name { get; init; }

    /// <summary>The path of its file; empty where systemd made the unit itself.</summary>
    public required string File { get; init; }

    /// <summary>The paths of its drop-ins.</summary>
    public IReadOnlyList<string> DropIns { get; init; } = [];

    /// <summary>WorkingDirectory=; empty where it has none.</summary>
    public string Folder { get; init; } = "";

    /// <summary>The words of the first ExecStart=, split at spaces; a program may show other ones once it runs.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>The units that it starts, when it is a timer, a socket or a path.</summary>
    public IReadOnlyList<string> Triggers { get; init; } = [];

    /// <summary>Its main process; null when the unit is not a service, or the process has ended.</summary>
    public ProcessEntry? Process { get; init; }

    /// <summary>All active services, timers and sockets, and what local timers start, by name.</summary>
    /// <exception cref="Engine.Problems.ProblemException">systemd does not answer.</exception>
    public static async Task<IReadOnlyList<RunningUnit>> ListAsync(IHost host, CancellationToken cancellation)
    {
        var systemctl = new Systemctl(host);
        var processes = ProcessTable.Read("/proc");
        var names = await systemctl.ListAsync(["*.service", "*.timer", "*.socket"], cancellation);
        if (names.Count == 0) return [];
        var blocks = await systemctl.ShowAsync(names, _properties, cancellation);
        var active = blocks.Where(block => block.GetValueOrDefault("ActiveState") is "active" or "activating" or "reloading").Select(block => Of(block, processes));
        return [.. active.OrderBy(unit => unit.Name, StringComparer.Ordinal)];
    }

    /// <summary>Finds a unit by name, whether it is active or not; null when it does not exist.</summary>
    public static async Task<RunningUnit?> FindAsync(IHost host, string name, CancellationToken cancellation)
    {
        var blocks = await new Systemctl(host).ShowAsync([name], _properties, cancellation);
        return blocks.Select(block => Of(block, ProcessTable.Read("/proc"))).FirstOrDefault(unit => unit.File.Length > 0);
    }

    private static RunningUnit Of(IReadOnlyDictionary<string, string> block, ProcessTable processes) => new()
    {
        Name = block.GetValueOrDefault("Id", ""),
        File = block.GetValueOrDefault("FragmentPath", ""),
        DropIns = Words(block, "DropInPaths"),
        Folder = block.GetValueOrDefault("WorkingDirectory", "").TrimStart('!', '-'),
        Command = CommandOf(block.GetValueOrDefault("ExecStart", "")),
        Triggers = Words(block, "Triggers"),
        Process = int.TryParse(block.GetValueOrDefault("MainPID"), out var id) ? processes.Find(id) : null,
    };

    private static string[] Words(IReadOnlyDictionary<string, string> block, string property) =>
        block.GetValueOrDefault(property, "").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>"{ path=/usr/bin/redis-server ; argv[]=/usr/bin/redis-server /etc/redis.conf ; ignore_errors=no ; ..." Source: systemctl(1), show.</summary>
    private static string[] CommandOf(string line)
    {
        const string Begin = "argv[]=";
        var at = line.IndexOf(Begin, StringComparison.Ordinal);
        if (at < 0) return [];
        var words = line[(at + Begin.Length)..];
        var end = words.IndexOf(" ; ", StringComparison.Ordinal);
        return (end < 0 ? words : words[..end]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }
}
