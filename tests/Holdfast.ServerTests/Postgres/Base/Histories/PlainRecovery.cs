using System.Globalization;
using Holdfast.Engine.Components;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;

namespace Holdfast.ServerTests.Postgres.Base.Histories;

/// <summary>What PostgreSQL by itself makes of a wish: the same base, a folder of the archived files, and cp.</summary>
/// <param name="rig">Whose programs are used.</param>
/// <param name="tree">Says how far a received part goes.</param>
internal sealed class PlainRecovery(BaseRig rig, LogTree tree)
{
    /// <summary>What was archived, by name.</summary>
    public string Archive { get; } = Made(rig["archive"]);

    /// <summary>What was received of segments, by the name of the segment, filled up with zeroes.</summary>
    public string Parts { get; } = Made(rig["parts"]);

    private string Work => rig["plain"];

    /// <summary>Rows and prepared transactions; null when the server did not come up, and why.</summary>
    public async Task<(string? State, string Log)> RunAsync(TakenPoint taken, TreePoint point, RecoveryRequest wishes, Verdict verdict)
    {
        var saved = rig[$"base-{point.Number}"];
        if (!Directory.Exists(saved)) await rig.RestoreAsync(taken, new RecoveryRequest { NoStart = true, IgnoreSpace = true }, saved);
        var data = $"{Work}{rig.Server.Data}";
        if (Directory.Exists(Work)) Directory.Delete(Work, recursive: true);
        (await Command.BashAsync($"cp -a '{saved}' '{Work}' && rm -rf '{data}'/pg_wal/* && mkdir -p '{data}/pg_wal/archive_status' '{Work}/wal' && chmod -R a+rX '{Work}' && chmod 700 '{data}' && cp -a '{Archive}/.' '{Work}/wal/'")).Succeeded();
        await PutTailAsync(verdict);
        await File.AppendAllLinesAsync($"{data}/postgresql.auto.conf", Settings(wishes, verdict), BaseRig.Cancellation);
        (await Command.BashAsync($"chown -R postgres '{Work}'")).Succeeded();
        var log = $"{Work}/log";
        try
        {
            var started = await rig.Server.AsServerAsync("pg_ctl", "-D", data, "-w", "-l", log, "-o", $"-p {rig.Server.Port} -k {Work} -c listen_addresses='' -c hot_standby=off", "start");
            return (started.ExitCode == 0 ? await StateAsync(data) : null, await File.ReadAllTextAsync(log, BaseRig.Cancellation));
        }
        finally
        {
            if (File.Exists($"{data}/postmaster.pid")) await rig.Server.AsServerAsync("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop");
        }
    }

    /// <summary>It takes nobody in until it has been promoted; where it fails, it ends.</summary>
    private async Task<string?> StateAsync(string data)
    {
        var environs = rig.Server.Environs("postgres");
        environs["PGHOST"] = Work;
        string? found = null;
        await Eventually.HoldsAsync("the server answers or has ended", async () =>
        {
            if (!File.Exists($"{data}/postmaster.pid")) return true;
            var asked = await Command.RunAsync(rig.Server.Program("psql"), ["-XAtqc", History.Question], environs);
            if (asked.ExitCode == 0) found = asked.Output.Trim();
            return found is not null;
        });
        return found;
    }

    /// <summary>
    /// A segment that is replayed in part only. PostgreSQL by itself would replay all that a segment of an earlier timeline has, also what lies behind the
    /// switch: that is cut off here as well.
    /// </summary>
    private async Task PutTailAsync(Verdict verdict)
    {
        if (verdict.Followed is null || tree.Tail(verdict.Followed, verdict.Reach) is not { } tail) return;
        var segment = History.NameOf(tail.Branch.Number, tail.Segment, tree.Size);
        var source = new[] { $"{Archive}/{segment}", $"{Parts}/{segment}" }.First(File.Exists);
        var bytes = await File.ReadAllBytesAsync(source, BaseRig.Cancellation);
        bytes.AsSpan((int)(verdict.Reach % tree.Size)).Clear();
        await File.WriteAllBytesAsync($"{Work}/wal/{segment}", bytes, BaseRig.Cancellation);
    }

    private IEnumerable<string> Settings(RecoveryRequest wishes, Verdict verdict)
    {
        var (setting, value) = wishes.Limit switch
        {
            RecoveryLimit.Time => ("time", wishes.To),
            RecoveryLimit.Address => ("lsn", wishes.To),
            RecoveryLimit.Transaction => ("xid", wishes.To),
            RecoveryLimit.Name => ("name", wishes.To),
            RecoveryLimit.Latest => ("", ""),
            _ => throw new ArgumentOutOfRangeException(nameof(wishes), wishes.Limit, "The product alone knows of it."),
        };
        // The product's own restore to the base has left its settings there; the last ones count.
        yield return "recovery_target = ''";
        foreach (var other in new[] { "time", "lsn", "xid", "name" }.Where(other => other != setting)) yield return $"recovery_target_{other} = ''";
        if (setting.Length > 0) yield return $"recovery_target_{setting} = '{value}'";
        yield return $"recovery_target_inclusive = {(setting == "lsn" ? "off" : "on")}";
        yield return "recovery_target_action = 'promote'";
        yield return $"recovery_target_timeline = '{verdict.Followed?.Number.ToString(CultureInfo.InvariantCulture) ?? wishes.Timeline}'";
        yield return $"restore_command = 'cp {Work}/wal/%f %p'";
        yield return "archive_mode = off";
    }

    private static string Made(string folder) => Directory.CreateDirectory(folder).FullName;
}
