namespace Holdfast.Components.Systemd;

/// <summary>
/// The properties of a unit. Source of the names: org.freedesktop.systemd1(5), "Unit Objects" and "Service Unit
/// Objects".
/// </summary>
public sealed record UnitState
{
    /// <summary>The properties to read; a version of systemd that does not know a property leaves it out.</summary>
    internal static readonly string[] Properties =
    [
        "Id", "Names", "LoadState", "ActiveState", "SubState", "Result", "MainPID", "UnitFileState", "Type", "NRestarts", "ExecMainStatus", "ControlGroup",
        "TimeoutStopUSec", "TimeoutStartUSec", "TriggeredBy", "After", "Job", "ConditionResult", "ConditionTimestampMonotonic", "InactiveExitTimestampMonotonic", "RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf", "PropagatesStopTo",
        "Triggers", "CanStart", "CanStop", "RefuseManualStart", "RefuseManualStop", "Transient", "FragmentPath", "User",
    ];

    private static readonly string[] _triggerTypes = [".timer", ".path", ".automount", ".socket"];
    private readonly IReadOnlyDictionary<string, string> _values;

    internal UnitState(IReadOnlyDictionary<string, string> values) => _values = values;

    /// <summary>Its primary name: an alias is resolved to the unit that it names.</summary>
    public string Id => Text("Id");

    /// <summary>All its names, aliases included.</summary>
    internal IReadOnlyList<string> Names => [.. List("Names").Append(Id).Distinct(StringComparer.Ordinal)];

    /// <summary>"loaded", "not-found", "masked".</summary>
    public string LoadState => Text("LoadState");

    /// <summary>"active", "inactive", "failed", "activating", "deactivating", "reloading".</summary>
    public string ActiveState => Text("ActiveState");

    /// <summary>The finer state of its type: "running", "exited", "stop-sigterm", "auto-restart".</summary>
    public string SubState => Text("SubState");

    /// <summary>The result of its last run: "success", "timeout" (killed), "exit-code", "signal".</summary>
    public string Result => Text("Result");

    /// <summary>"enabled", "disabled", "static", "masked".</summary>
    public string UnitFileState => Text("UnitFileState");

    /// <summary>The PID of its main process; 0 when it has none.</summary>
    public int MainPid => Number("MainPID");

    /// <summary>The number of automatic restarts by systemd since the unit was last started explicitly.</summary>
    public int Restarts => Number("NRestarts");

    /// <summary>The exit status of its main process.</summary>
    public int ExitStatus => Number("ExecMainStatus");

    /// <summary>The path of its control group; empty when it has no process.</summary>
    public string ControlGroup => Text("ControlGroup");

    /// <summary>After this systemd kills it; null for never.</summary>
    public TimeSpan? StopTimeout => SystemdTime.Parse(Text("TimeoutStopUSec"));

    /// <summary>After this systemd gives a start up; null for never.</summary>
    public TimeSpan? StartTimeout => SystemdTime.Parse(Text("TimeoutStartUSec"));

    /// <summary>Timers, sockets and paths that start it.</summary>
    public IReadOnlyList<string> TriggeredBy => List("TriggeredBy");

    /// <summary>The units that it is started after and stopped before.</summary>
    internal IReadOnlyList<string> After => List("After");

    /// <summary>The units that systemd stops together with it.</summary>
    internal IReadOnlyList<string> Dependants =>
        [.. List("RequiredBy").Concat(List("RequisiteOf")).Concat(List("BoundBy")).Concat(List("ConsistsOf")).Concat(List("PropagatesStopTo")).Distinct(StringComparer.Ordinal)];

    /// <summary>Units that it starts, when it is a timer, path, socket or automount.</summary>
    internal IReadOnlyList<string> Triggers => List("Triggers");

    /// <summary>The file that it was loaded from; empty when systemd has none.</summary>
    internal string File => Text("FragmentPath");

    /// <summary>User=, a name or a number; empty for root, and for units that are not services.</summary>
    internal string User => Text("User");

    /// <summary>The unit is running although its unit file was removed.</summary>
    internal bool IsGone => LoadState == "not-found" && !IsStopped;

    /// <summary>A program made it (systemd-run, a session): it ends with its processes.</summary>
    internal bool IsTransient => Text("Transient") == "yes";

    /// <summary>Only other units may start it.</summary>
    internal bool RefusesStart => Text("RefuseManualStart") == "yes" || Text("CanStart") == "no";

    /// <summary>Only other units may stop it.</summary>
    internal bool RefusesStop => Text("RefuseManualStop") == "yes" || Text("CanStop") == "no";

    /// <summary>True when there is anything of it here: a file, or at least processes.</summary>
    public bool Exists => LoadState != "not-found" || IsGone;

    public bool IsMasked => LoadState == "masked" || UnitFileState is "masked" or "masked-runtime";

    public bool IsEnabled => UnitFileState is "enabled" or "enabled-runtime";

    /// <summary>
    /// The unit is active or starting. When it is stopped, an undo that starts it again is registered.
    /// </summary>
    public bool Runs => ActiveState is "active" or "activating" or "reloading" or "refreshing";

    /// <summary>Nothing of it runs and nothing is on its way.</summary>
    public bool IsStopped => ActiveState is "inactive" or "failed" && !HasJob;

    /// <summary>The unit has failed and waits to be restarted.</summary>
    public bool IsRestarting => SubState == "auto-restart";

    internal bool HasJob => Text("Job") is not ("" or "0");

    /// <summary>The time of its last start, in microseconds since the machine started; 0 for never.</summary>
    internal long LeftInactive => long.TryParse(Text("InactiveExitTimestampMonotonic"), out var time) ? time : 0;

    /// <summary>The unit is active; a oneshot unit counts as soon as it runs.</summary>
    internal bool IsUp => ActiveState == "active" || (IsOneShot && ActiveState == "activating" && !IsRestarting);

    /// <summary>The oneshot unit has ended successfully.</summary>
    internal bool HasEndedWell => IsOneShot && ActiveState == "inactive" && !HasJob && Result == "success";

    /// <summary>
    /// Whether systemd has unloaded the unit since: a unit without processes and references is unloaded, and its
    /// history is lost, also that of a oneshot unit that ran a moment ago.
    /// </summary>
    internal bool IsForgotten => LeftInactive == 0 && !HasCheckedConditions;

    /// <summary>
    /// Not started because one of its Condition...= settings does not hold. A unit also reports "no" when its
    /// conditions have not been checked.
    /// </summary>
    internal bool IsUnwanted => IsStopped && Text("ConditionResult") == "no" && HasCheckedConditions;

    private bool HasCheckedConditions => Text("ConditionTimestampMonotonic") is not ("" or "0");

    internal bool IsSocket => Id.EndsWith(".socket", StringComparison.Ordinal);

    internal bool IsTarget => Id.EndsWith(".target", StringComparison.Ordinal);

    /// <summary>The unit starts others: a timer, path, automount or socket.</summary>
    internal bool IsTrigger => _triggerTypes.Any(type => Id.EndsWith(type, StringComparison.Ordinal));

    /// <summary>A program that is run once is at work.</summary>
    internal bool IsJob => IsOneShot && ActiveState == "activating" && !IsRestarting;

    private bool IsOneShot => Text("Type") == "oneshot";

    /// <summary>The state in the form of systemctl: "active (running)".</summary>
    public string Describe() => $"{ActiveState} ({SubState})";

    private string Text(string property) => _values.GetValueOrDefault(property, "");

    private int Number(string property) => int.TryParse(Text(property), out var number) ? number : 0;

    private string[] List(string property) => Text(property).Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
