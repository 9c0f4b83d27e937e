-- By which name is a call's price found? By the one whose model `catalog.answering` takes.
    if(response_model = '' OR position(request_model, concat('.', response_model)) > 0, request_model, response_model)
