using System.Globalization;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Systemd;

/// <summary>
/// Finds what is left of the platform outside its units: processes in control groups of stopped units, processes that
/// match the profile's patterns, and PID files. It never finds its own process, its ancestors or its descendants.
/// </summary>
/// <param name="settings">The patterns.</param>
/// <param name="root">The directory of the kernel's process information: "/proc".</param>
/// <param name="self">The PID of this process.</param>
internal sealed class LeftOverSearch(PlatformSettings settings, string root, int self)
{
    private const string Foreign = "fits 'processes' of the profile, but who started it runs no unit of the platform";

    private readonly ProcessPatterns _patterns = new(settings.Processes);

    /// <summary>The control group of this process.</summary>
    public string OwnControlGroup => ProcessTable.Read(root).Find(self)?.ControlGroup ?? "";

    /// <summary>
    /// The users whose processes can belong to the platform: root, the current user, those that its units name, and
    /// those that run in its units now. Any other user of the machine can give a process any name.
    /// </summary>
    public async Task<IReadOnlySet<uint>> FindUsersAsync(IReadOnlyList<UnitState> units, IHost host, CancellationToken cancellation)
    {
        var processes = ProcessTable.Read(root);
        var users = processes.All.Where(process => process.Id == self || units.Any(unit => ControlGroups.Holds(unit.ControlGroup, process.ControlGroup))).Select(process => process.User).Append(0u).ToHashSet();
        foreach (var name in units.Select(unit => unit.User).Where(name => name.Length > 0).Distinct(StringComparer.Ordinal))
        {
            var (_, output) = await host.RunAsync(new ProgramCall("id", ["-u", "--", name]), cancellation);
            if (uint.TryParse(output.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var user)) users.Add(user);
        }
        return users;
    }

    /// <param name="stopped">Control groups that should be empty.</param>
    /// <param name="running">Control groups of running units of the platform: processes in them are not left
    /// over.</param>
    /// <param name="users">Users whose processes can belong to the platform.</param>
    public LeftOver Find(IReadOnlyCollection<string> stopped, IReadOnlyCollection<string> running, IReadOnlySet<uint> users)
    {
        var processes = ProcessTable.Read(root);
        var own = processes.FamilyOf(self);
        var warnings = new List<Problem>();
        var files = PidFiles.Find(settings.PidFiles, processes, process => IsOurs(process, stopped, running), warnings.Add);
        var named = files.Where(file => file.Stale is null && users.Contains(file.User)).DistinctBy(file => file.Process).ToDictionary(file => file.Process, file => file.Path);
        // PID 1 is never left over, whatever its command line.
        var found = processes.All.Where(process => process.Id > 1 && !own.Contains(process.Id)).OrderBy(process => process.Id).Select(process => Judge(process, stopped, running, named, users)).OfType<Stray>().ToLookup(stray => stray.Reason == Foreign);
        return new LeftOver([.. found[false]], files, warnings) { Foreign = [.. found[true]] };
    }

    /// <summary>True when this very process still runs.</summary>
    public bool IsAlive(ProcessEntry process) => ProcessTable.Read(root).Find(process.Id)?.Started == process.Started;

    private Stray? Judge(ProcessEntry process, IReadOnlyCollection<string> stopped, IReadOnlyCollection<string> running, Dictionary<int, string> named, IReadOnlySet<uint> users)
    {
        if (running.Any(group => ControlGroups.Holds(group, process.ControlGroup))) return null;
        if (stopped.FirstOrDefault(group => ControlGroups.Holds(group, process.ControlGroup)) is { } left) return new Stray(process, $"left by {Path.GetFileName(left)}", MayEnd: true);
        var fits = _patterns.Fit(process);
        if (named.TryGetValue(process.Id, out var file)) return new Stray(process, $"named by {file}", MayEnd: fits);
        if (!fits) return null;
        return users.Contains(process.User) && !process.IsLent ? new Stray(process, "fits 'processes' of the profile", MayEnd: true) : new Stray(process, Foreign, MayEnd: false);
    }

    /// <summary>
    /// Whether a process belongs to the platform; null for a process outside the units when the profile has no
    /// patterns.
    /// </summary>
    private bool? IsOurs(ProcessEntry process, IReadOnlyCollection<string> stopped, IReadOnlyCollection<string> running)
    {
        if (stopped.Concat(running).Any(group => ControlGroups.Holds(group, process.ControlGroup)) || _patterns.Fit(process)) return true;
        return _patterns.Any ? false : null;
    }
}
