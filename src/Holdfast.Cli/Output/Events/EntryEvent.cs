using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>One entry of a recovery point. A path that is not UTF-8 is escaped, and its bytes are in <see cref="PathBase64"/>.</summary>
internal sealed record EntryEvent(string Path, string Type, long Size, string Mode, string Owner, DateTimeOffset Modified) : OutputEvent
{
    public string? PathBase64 { get; init; }
    public string? LinkTarget { get; init; }

    public override IEnumerable<string> Lines(Style style)
    {
        var target = LinkTarget is null ? "" : $" -> {Printable.Name(LinkTarget)}";
        yield return $"{Mode}  {Cells.Pad(Printable.Text(Owner), 17)}  {Amounts.Bytes(Size),9}  {Modified:yyyy-MM-dd HH:mm:ss}  {Printable.Name(Path)}{target}";
    }
}
