using Holdfast.Cli.Text;
using Holdfast.Restic.Maintenance;

namespace Holdfast.Cli.Output.Events;

/// <summary>
/// The space that a component uses in the repository. The list is shown as a table, so it has no lines.
/// </summary>
/// <param name="Component">Its name, or another kind of content: archived WAL, archives of messages, other
/// snapshots.</param>
/// <param name="Snapshots">The number of snapshots that have it.</param>
/// <param name="FileBytes">The sizes of its files in all of them.</param>
/// <param name="PlainBytes">The bytes that remain after deduplication.</param>
/// <param name="StoredBytes">The bytes that remain after compression too: the space that it uses.</param>
/// <param name="UniqueBytes">The part of StoredBytes that no other component needs.</param>
/// <param name="SharedBytes">The part of StoredBytes that other components need too.</param>
internal sealed record ComponentShareEvent(
    string Component, int Snapshots, long FileBytes, long PlainBytes, long StoredBytes, long UniqueBytes, long SharedBytes)
    : OutputEvent
{
    public static ComponentShareEvent Of(DataShare share) => new(
        share.Name, share.Folders, share.FileBytes, share.PlainBytes, share.StoredBytes, share.UniqueBytes, share.SharedBytes);

    public static Table Table(IEnumerable<ComponentShareEvent> shares)
    {
        var table = new Table("COMPONENT", "SNAPSHOTS", "FILES", "DEDUPLICATED", "STORED", "UNIQUE", "SHARED");
        foreach (var share in shares)
        {
            var (files, plain, stored) = (Amounts.Bytes(share.FileBytes), Amounts.Bytes(share.PlainBytes), Amounts.Bytes(share.StoredBytes));
            var (unique, shared) = (Amounts.Bytes(share.UniqueBytes), Amounts.Bytes(share.SharedBytes));
            table.Add(share.Component, $"{share.Snapshots}", files, plain, stored, unique, shared);
        }
        return table;
    }
}
