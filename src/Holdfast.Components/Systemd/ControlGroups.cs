namespace Holdfast.Components.Systemd;

/// <summary>Paths of control groups. Source: cgroups(7), "/proc/pid/cgroup".</summary>
internal static class ControlGroups
{
    /// <summary>True when a process of the second group is one of the first, too. Nothing is in the root, because everything would be.</summary>
    public static bool Holds(string outer, string inner) => outer.Length > 1 && (inner == outer || inner.StartsWith(outer + "/", StringComparison.Ordinal));

    /// <summary>The group that systemd has put a process into, from the text of its file: the unified hierarchy's line, else the one that systemd named.</summary>
    public static string Read(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(':', 3)).Where(parts => parts.Length == 3).ToList();
        var found = lines.Find(parts => parts[1] == "name=systemd" && parts[2] != "/") ?? lines.Find(parts => parts[0] == "0");
        return found?[2] ?? "";
    }
}
