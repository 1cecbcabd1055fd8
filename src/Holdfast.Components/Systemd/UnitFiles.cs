using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;

namespace Holdfast.Components.Systemd;

/// <summary>Unit files of systemd that a restore has replaced.</summary>
public static class UnitFiles
{
    /// <summary>
    /// The directories in which systemd and its generators look for unit files, drop-ins and links of enabled units.
    /// Source: systemd.unit(5), "Unit File Load Path".
    /// </summary>
    private static readonly string[] _places =
        ["/etc/systemd", "/usr/lib/systemd", "/lib/systemd", "/usr/local/lib/systemd", "/run/systemd/system", "/etc/init.d", "/etc/fstab", "/etc/crypttab"];

    /// <summary>The step that lets systemd read them, when a point holds any.</summary>
    public static async Task<IReadOnlyList<Step>> ReloadStepsAsync(IHost host, Func<string, Task<bool>> holds)
    {
        foreach (var place in _places)
            if (await holds(place)) return [ReloadStep(host)];
        return [];
    }

    private static Step ReloadStep(IHost host) => new()
    {
        Name = "Let systemd read its unit files", Does = "Run 'systemctl daemon-reload', because restored unit files have old times, which systemd does not notice.", Component = "files",
        Act = (context, cancellation) => ReloadAsync(host, context.Note, cancellation),
    };

    /// <summary>Runs daemon-reload where systemd is, and nothing where it is not, as in a container; a refusal is a note, because units can still be started.</summary>
    public static async Task ReloadAsync(IHost host, Action<string> note, CancellationToken cancellation)
    {
        var systemctl = new Systemctl(host);
        if (await systemctl.ProbeAsync(cancellation) is not null) return;
        var complaint = await systemctl.ReloadAsync(cancellation);
        if (complaint.Length > 0) note($"systemd did not read its unit files again: {complaint}");
    }
}
