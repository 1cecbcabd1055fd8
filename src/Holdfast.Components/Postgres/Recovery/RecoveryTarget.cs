using System.Globalization;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>How far a restored server replays, in the words of its own settings. Source: PostgreSQL's manual, 20.5.6, "Recovery Target".</summary>
/// <param name="Setting">"recovery_target_time"; null for the end of all WAL.</param>
/// <param name="Value">What it is set to.</param>
/// <param name="Text">The same for people.</param>
internal sealed record RecoveryTarget(string? Setting, string Value, string Text)
{
    /// <summary>All WAL there is.</summary>
    public static RecoveryTarget End { get; } = new(null, "", "the end of all WAL");

    /// <summary>The address of the target, where it says so: the WAL up to there is needed.</summary>
    public NpgsqlLogSequenceNumber? Address { get; init; }

    /// <summary>The wished time, when the wish is one.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>The wished restore point, when the wish is one and only the WAL tells where it is.</summary>
    public string? Name { get; init; }

    /// <summary>The wished transaction, when the wish is one. The server looks at the lower half of its number only.</summary>
    public uint? Transaction { get; init; }

    /// <summary>True when the server stops at the first record that begins at the address or behind it.</summary>
    public bool IsAddress => Setting == "recovery_target_lsn";

    /// <summary>The wish at the beginning of a sentence.</summary>
    public string Beginning => char.ToUpperInvariant(Text[0]) + Text[1..];

    /// <summary>True when the server stops before what is wished for: an address is where a record ends that is wished for, and where the next one begins, which is not.</summary>
    public bool IsExclusive => IsAddress && !IsLastRecord;

    /// <summary>True when the target is the last record of the WAL, behind which the server pauses.</summary>
    public bool IsLastRecord { get; init; }

    /// <summary>The same, as the beginning of the last record, which is replayed: the server pauses at a target only, never at the end of all WAL.</summary>
    public RecoveryTarget AtLastRecord(NpgsqlLogSequenceNumber start) => this with { Setting = "recovery_target_lsn", Value = $"{start}", IsLastRecord = true };

    /// <summary>True when the server would stop at a record.</summary>
    public bool IsMetBy(StopRecord record) => Name is not null ? record.Name == Name : Transaction is not null && record.Transaction == Transaction;

    /// <summary>True when the recovery point's own WAL is enough, whatever there is besides.</summary>
    public bool IsInPoint { get; init; }

    /// <exception cref="ProblemException">The wish can not be read, or not be met by this point.</exception>
    public static RecoveryTarget Of(RecoveryRequest wishes, BaseRecord record) => wishes.Limit switch
    {
        // A standby can make no restore point: its WAL in the point ends with the mark.
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

    /// <summary>The same, told by the end of the WAL: nothing in it is later, and the server takes a target that it never reaches for a failure.</summary>
    public RecoveryTarget ToEnd() => this with { Setting = null, Value = "" };

    /// <summary>The same on a timeline that leaves the recovery point's before its mark: a mark has to be looked for there as any restore point. Null for that of a standby, which has no name.</summary>
    public RecoveryTarget? Elsewhere() => Setting is null ? null : this with { IsInPoint = false, Name = Setting == "recovery_target_name" ? Value : Name };

    /// <summary>The same, with where it was found.</summary>
    /// <exception cref="ProblemException">The files do not fit each other by then.</exception>
    public RecoveryTarget At(StopRecord found, BaseRecord record)
    {
        if (found.End < BaseRecord.Lsn(record.StopLsn!)) throw TooEarly($"{Beginning}, of {Show(found.Time)} at {found.End},", $"{record.StopLsn} is the first address that it can be brought to");
        return this with { Address = found.End, Text = $"{Text}, {(Name is not null ? "made" : found.IsCommit ? "committed" : "rolled back")} {Show(found.Time)} at {found.End}" };
    }

    private static RecoveryTarget OfTransaction(string text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        // The server would take a zero in front for an octal number.
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
        // "12/11/2026" is one day for some and another for others.
        if (text.Length < 10 || !DateOnly.TryParseExact(text[..10], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var time))
            throw Catalogue.PostgresTarget.Throwable($"'{text}' is no time.", "Write it like --to \"2026-11-22 14:03:07+01\".");
        if (time < record.Stopped) throw TooEarly($"The time {Show(time)}", $"{Show(record.Stopped)} is the first that it can be brought to");
        return new("recovery_target_time", time.ToString("yyyy-MM-dd HH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture), $"{Show(time)}") { Time = time, IsInPoint = time <= record.Mark?.Time };
    }

    private static ProblemException TooEarly(string wish, string nearest) =>
        Catalogue.PostgresTarget.Throwable($"{wish} lies before the end of the copy that this recovery point holds: {nearest}.", "Choose an older recovery point ('holdfast points list'), or a later target.");

    private static string Show(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm:ss.fffzzz", CultureInfo.InvariantCulture);
}
