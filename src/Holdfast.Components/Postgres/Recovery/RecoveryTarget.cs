using System.Globalization;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>
/// The recovery target of a restored server, in the server's own settings. Source: PostgreSQL's manual, 20.5.6,
/// "Recovery Target".
/// </summary>
/// <param name="Setting">"recovery_target_time"; null for the end of all WAL.</param>
/// <param name="Value">The value of the setting.</param>
/// <param name="Text">The target in words, for messages.</param>
internal sealed record RecoveryTarget(string? Setting, string Value, string Text)
{
    /// <summary>The end of all available WAL.</summary>
    public static RecoveryTarget End { get; } = new(null, "", "the end of all WAL");

    /// <summary>The LSN of the target, if it has one: the WAL up to there is needed.</summary>
    public NpgsqlLogSequenceNumber? Address { get; init; }

    /// <summary>The target time of recovery_target_time; null for other targets.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>
    /// The restore point of recovery_target_name; null for other targets, and when its LSN is known without reading the
    /// WAL.
    /// </summary>
    public string? Name { get; init; }

    /// <summary>
    /// The XID of recovery_target_xid; null for other targets. The server compares only the lower 32 bits.
    /// </summary>
    public uint? Transaction { get; init; }

    /// <summary>True when the server stops at the first record that begins at the LSN or after it.</summary>
    public bool IsAddress => Setting == "recovery_target_lsn";

    /// <summary>The target in words, for the beginning of a sentence.</summary>
    public string Beginning => char.ToUpperInvariant(Text[0]) + Text[1..];

    /// <summary>
    /// True when the server stops before the given LSN: it is the end of a record that is replayed, and the beginning
    /// of the next one, which is not.
    /// </summary>
    public bool IsExclusive => IsAddress && !IsLastRecord;

    /// <summary>True when the target is the last record of the WAL, after which the server pauses.</summary>
    public bool IsLastRecord { get; init; }

    /// <summary>
    /// Returns this target as the beginning of the last record, which is replayed: the server pauses only at a target,
    /// never at the end of all WAL.
    /// </summary>
    public RecoveryTarget AtLastRecord(NpgsqlLogSequenceNumber start) => this with { Setting = "recovery_target_lsn", Value = $"{start}", IsLastRecord = true };

    /// <summary>Returns true when the server would stop at the record.</summary>
    public bool IsMetBy(StopRecord record) => Name is not null ? record.Name == Name : Transaction is not null && record.Transaction == Transaction;

    /// <summary>True when the recovery point's own WAL is sufficient.</summary>
    public bool IsInPoint { get; init; }

    /// <exception cref="ProblemException">
    /// The recovery target is invalid, or this recovery point cannot reach it.
    /// </exception>
    public static RecoveryTarget Of(RecoveryRequest wishes, BaseRecord record) => wishes.Limit switch
    {
        // A standby cannot create a restore point: its WAL in the recovery point ends with the mark.
        RecoveryLimit.Mark when record.Mark is { Name.Length: 0 } mark => new(null, "", $"its mark of {Show(mark.Time)}") { Address = BaseRecord.Lsn(mark.Lsn), IsInPoint = true },
        RecoveryLimit.Mark when record.Mark is { } mark => new("recovery_target_name", mark.Name, $"its mark of {Show(mark.Time)}") { Address = BaseRecord.Lsn(mark.Lsn), IsInPoint = true },
        RecoveryLimit.Mark => new(null, "", $"when it was shut down, {Show(record.Started)}") { IsInPoint = true },
        RecoveryLimit.Immediate => new("recovery_target", "immediate", "the end of the copying") { Address = record.StopLsn is { } stop ? BaseRecord.Lsn(stop) : null, IsInPoint = true },
        RecoveryLimit.Name when wishes.To == record.Mark?.Name => Of(RecoveryRequest.None, record),
        RecoveryLimit.Name => new("recovery_target_name", wishes.To!, $"the restore point {wishes.To}") { Name = wishes.To },
        RecoveryLimit.Transaction => OfTransaction(wishes.To!),
        RecoveryLimit.Address => OfAddress(wishes.To!, record),
        RecoveryLimit.Time => OfTime(wishes.To!, record),
        _ => End,
    };

    /// <summary>
    /// Returns this target as the end of the WAL: the WAL has nothing later, and the server fails when it does not
    /// reach its target.
    /// </summary>
    public RecoveryTarget ToEnd() => this with { Setting = null, Value = "" };

    /// <summary>
    /// Returns this target on a timeline that branches off before the recovery point's mark, where a mark is searched
    /// for like any restore point. Null for the mark of a standby, which has no name.
    /// </summary>
    public RecoveryTarget? Elsewhere() => Setting is null ? null : this with { IsInPoint = false, Name = Setting == "recovery_target_name" ? Value : Name };

    /// <summary>Returns this target with the LSN at which it was found.</summary>
    /// <exception cref="ProblemException">The files are not consistent yet at that LSN.</exception>
    public RecoveryTarget At(StopRecord found, BaseRecord record)
    {
        if (found.End < BaseRecord.Lsn(record.StopLsn!)) throw TooEarly($"{Beginning}, of {Show(found.Time)} at {found.End},", $"{record.StopLsn} is the first address that it can be brought to");
        return this with { Address = found.End, Text = $"{Text}, {(Name is not null ? "made" : found.IsCommit ? "committed" : "rolled back")} {Show(found.Time)} at {found.End}" };
    }

    private static RecoveryTarget OfTransaction(string text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        // The server would read a number with a leading zero as octal.
        ? new("recovery_target_xid", number.ToString(CultureInfo.InvariantCulture), $"transaction {number}") { Transaction = unchecked((uint)number) }
        : throw Catalogue.PostgresTarget.Throwable($"'{text}' is no number of a transaction.", "Write it as txid_current() and pg_current_xact_id() do: --to-xid 4711.");

    private static RecoveryTarget OfAddress(string text, BaseRecord record)
    {
        if (!NpgsqlLogSequenceNumber.TryParse(text, out var address)) throw Catalogue.PostgresTarget.Throwable($"'{text}' is no address in the WAL.", "Write it as pg_current_wal_lsn() does: --to-lsn 0/3000060.");
        if (record.StopLsn is { } stop && address < BaseRecord.Lsn(stop))
            throw TooEarly($"The address {address}", $"{stop} is the first that it can be brought to");
        return new("recovery_target_lsn", $"{address}", $"the address {address}") { Address = address, IsInPoint = record.Mark is { } mark && address < BaseRecord.Lsn(mark.Lsn) };
    }

    private static RecoveryTarget OfTime(string text, BaseRecord record)
    {
        // Only ISO dates are accepted: "12/11/2026" is a different day in different countries.
        if (text.Length < 10 || !DateOnly.TryParseExact(text[..10], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var time))
            throw Catalogue.PostgresTarget.Throwable($"'{text}' is no time.", "Write it like --to \"2026-11-22 14:03:07+01\".");
        if (time < record.Stopped) throw TooEarly($"The time {Show(time)}", $"{Show(record.Stopped)} is the first that it can be brought to");
        return new("recovery_target_time", time.ToString("yyyy-MM-dd HH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture), $"{Show(time)}") { Time = time, IsInPoint = time <= record.Mark?.Time };
    }

    private static ProblemException TooEarly(string wish, string nearest) =>
        Catalogue.PostgresTarget.Throwable($"{wish} lies before the end of the copy that this recovery point holds: {nearest}.", "Choose an older recovery point ('holdfast points list'), or a later target.");

    private static string Show(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm:ss.fffzzz", CultureInfo.InvariantCulture);
}
