using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output;

/// <summary>
/// The one door through which <c>holdfast</c> tells anything: a live terminal, plain lines, or JSON. Its methods may be
/// called from several threads. A reader that has gone away is not an error: see <see cref="Gone"/>.
/// </summary>
internal interface IOutput : IDisposable
{
    /// <summary>Tells one thing. Problems go to standard error, all else to standard output; JSON goes to standard output alone.</summary>
    void Report(OutputEvent told);

    /// <summary>Tells a list: as a table to a person, one event a row to a machine.</summary>
    void Report(Table table, IEnumerable<OutputEvent> rows);

    /// <summary>Cancelled when nobody reads standard output any more (<c>| head</c>).</summary>
    CancellationToken Gone { get; }
}
